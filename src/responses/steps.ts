/** Carries out what a response's definition says is to be done: commands, edits of files, requests, ends of processes. */
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fromBytes } from '../alert.ts'
import {
  type Command,
  type FileEdit,
  type FileRead,
  type HttpRequest,
  type HttpResponse,
  type HttpStep,
  NothingToDo,
  NotNow,
  type Step,
  type TlsOptions,
} from '../define.ts'
import { replaceFile } from '../durable/replace-file.ts'
import { failureOf, runProgram } from '../inputs/process.ts'
import { endProcess } from './processes.ts'

/** Sends one request, without following redirects: a firewall's token goes to the firewall alone. Rejects when there is no answer within the time. */
export type Http = (request: HttpRequest, timeout_ms: number, tls?: TlsOptions) => Promise<HttpResponse>

export interface StepContext {
  /** For each step. */
  deadline_ms: number
  http: Http
  /** Of the servers that requests go to. */
  tls?: TlsOptions
}

/** `outputs`: what each command printed, each file held, or the body of each answer. */
export type StepsResult =
  | { ok: true; outputs: string[] }
  | {
      ok: false
      /** In words, with the name of the program or the host. */
      failure: string
      /**
       * `hopeless` and `not now`: doing the same again at once will not help, nor will doing less of it, since a person has to mend something, or the
       * service is not to be had. `nothing to do`: nothing was done, nor will be.
       */
      kind: 'failed' | 'hopeless' | 'not now' | 'nothing to do'
    }

/** One after the other; stops at the first that fails. Never rejects. */
export async function runSteps(steps: readonly Step[], context: StepContext): Promise<StepsResult> {
  const outputs: string[] = []
  for (const step of steps) {
    const result = await runStep(step, context)
    if (!result.ok) return result
    outputs.push(...result.outputs)
  }
  return { ok: true, outputs }
}

async function runStep(step: Step, context: StepContext): Promise<StepsResult> {
  try {
    if ('argv' in step) return await runCommand(step, context)
    if ('read' in step) return await readFile(step, context)
    if ('end' in step) {
      await endProcess(step)
      return { ok: true, outputs: [] }
    }
    return 'file' in step ? editFile(step) : await request(step, context)
  } catch (error) {
    const { message, cause } = error as Error
    const failure = `${placeOf(step)}: ${cause instanceof Error ? cause.message : message}`
    const kind = error instanceof NothingToDo ? 'nothing to do' : error instanceof NotNow ? 'not now' : 'failed'
    return { ok: false, failure, kind }
  }
}

function placeOf(step: Step): string {
  if ('argv' in step) return step.argv[0]
  if ('read' in step) return step.read
  if ('file' in step) return step.file
  if ('end' in step) return `process ${step.end}`
  return URL.canParse(step.url) ? new URL(step.url).host : step.url
}

async function andThen(output: string, next: Step[], context: StepContext): Promise<StepsResult> {
  const rest = await runSteps(next, context)
  return rest.ok ? { ok: true, outputs: [output, ...rest.outputs] } : rest
}

async function runCommand(step: Command, context: StepContext): Promise<StepsResult> {
  const { argv, stdin, fine = [], next } = step
  const max_output_bytes = 64 << 20 // a listing of a million addresses
  const { deadline_ms } = context
  const result = await runProgram({ argv, stdin, deadline_ms, stderr: 'separate', max_output_bytes })
  if (result.failure?.code === 'ENOENT' && step.missing) return runSteps(step.missing(), context)
  const failure = failureOf(result)
  if (failure === undefined || fine.includes(result.code ?? 0)) {
    const output = fromBytes(result.output)
    return andThen(output, next?.(output) ?? [], context)
  }
  const said = fromBytes(result.stderr).trim().slice(0, 300)
  const kind = result.failure === undefined ? 'failed' : 'hopeless'
  return { ok: false, failure: `${argv[0]}: ${failure}${said && `: ${said}`}`, kind }
}

function readFile({ read, next }: FileRead, context: StepContext): Promise<StepsResult> {
  const text = statSync(read, { throwIfNoEntry: false }) ? readFileSync(read, 'utf8') : ''
  return andThen(text, next?.(text) ?? [], context)
}

/** Read and replaced in one go, so that no other of our edits can come between. */
function editFile({ file, edit }: FileEdit): StepsResult {
  const exists = statSync(file, { throwIfNoEntry: false }) !== undefined
  const path = exists ? realpathSync(file) : file
  const before = exists ? readFileSync(path, 'utf8') : ''
  const after = edit(before)
  if (after !== before) replaceFile(path, after, exists ? undefined : 0o644)
  return { ok: true, outputs: [] }
}

async function request(step: HttpStep, context: StepContext): Promise<StepsResult> {
  const { fine = [], after_ms, next, at, ...rest } = step
  if (after_ms !== undefined) await sleep(after_ms)
  const sent = at ? { ...rest, ...at(Date.now()) } : rest
  let answer: HttpResponse
  try {
    answer = await context.http(sent, context.deadline_ms, context.tls)
  } catch (error) {
    const { message, cause } = error as Error
    return {
      ok: false,
      failure: `${placeOf(step)}: ${cause instanceof Error ? cause.message : message}`,
      kind: 'not now',
    }
  }
  const { status, text } = answer
  const isFine = (status >= 200 && status < 300) || fine.includes(status)
  if (isFine) return andThen(text, next?.(answer) ?? [], context)
  const isHopeless = [401, 403].includes(status)
  const isBusy = [408, 429].includes(status) || status >= 500
  const failure = `${placeOf(step)}: HTTP ${status} ${text.trim().slice(0, 200)}`.trimEnd()
  return { ok: false, failure, kind: isHopeless ? 'hopeless' : isBusy ? 'not now' : 'failed' }
}
