/** Carries out what a response's definition says is to be done: commands, edits of files, requests. */
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { fromBytes } from '../alert.ts'
import {
  type Command,
  type FileEdit,
  type FileRead,
  type HttpRequest,
  type HttpResponse,
  type HttpStep,
  NothingToDo,
  type Step,
} from '../define.ts'
import { replaceFile } from '../durable/replace-file.ts'
import { failureOf, runProgram } from '../inputs/process.ts'

/** Sends one request; rejects when there is no answer within the time. */
export type Http = (request: HttpRequest, timeout_ms: number) => Promise<HttpResponse>

export interface StepContext {
  /** For each step. */
  deadline_ms: number
  http: Http
}

/** `outputs`: what each command printed, each file held, or the body of each answer. */
export type StepsResult =
  | { ok: true; outputs: string[] }
  | {
      ok: false
      /** In words, with the name of the program or the host. */
      failure: string
      /**
       * `hopeless`: nothing was done, and doing the same again at once will not help, for a person has to mend something. `nothing to do`: neither
       * was nor will be.
       */
      kind: 'failed' | 'hopeless' | 'nothing to do'
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
    return 'file' in step ? editFile(step) : await request(step, context)
  } catch (error) {
    const { message, cause } = error as Error
    const failure = `${placeOf(step)}: ${cause instanceof Error ? cause.message : message}`
    return { ok: false, failure, kind: error instanceof NothingToDo ? 'nothing to do' : 'failed' }
  }
}

function placeOf(step: Step): string {
  if ('argv' in step) return step.argv[0]
  if ('read' in step) return step.read
  if ('file' in step) return step.file
  return URL.canParse(step.url) ? new URL(step.url).host : step.url
}

async function andThen(output: string, next: Step[], context: StepContext): Promise<StepsResult> {
  const rest = await runSteps(next, context)
  return rest.ok ? { ok: true, outputs: [output, ...rest.outputs] } : rest
}

async function runCommand(step: Command, context: StepContext): Promise<StepsResult> {
  const { argv, stdin, next } = step
  const max_output_bytes = 64 << 20 // a listing of a million addresses
  const { deadline_ms } = context
  const result = await runProgram({ argv, stdin, deadline_ms, stderr: 'separate', max_output_bytes })
  const failure = failureOf(result)
  if (failure === undefined) {
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
  const { fine = [], next, ...sent } = step
  const answer = await context.http(sent, context.deadline_ms)
  const isFine = (answer.status >= 200 && answer.status < 300) || fine.includes(answer.status)
  if (!isFine) {
    const failure = `${placeOf(step)}: HTTP ${answer.status} ${answer.text.trim().slice(0, 200)}`.trimEnd()
    return { ok: false, failure, kind: [401, 403].includes(answer.status) ? 'hopeless' : 'failed' }
  }
  return andThen(answer.text, next?.(answer) ?? [], context)
}

/** The plain sender: no redirects (a firewall's token goes to the firewall alone), at most 1 MiB of the answer is kept. */
export const fetchHttp: Http = async ({ method = 'POST', url, headers, json, body }, timeout_ms) => {
  const response = await fetch(url, {
    method,
    headers: json === undefined ? headers : { 'content-type': 'application/json', ...headers },
    body: json === undefined ? (body as BodyInit | undefined) : JSON.stringify(json),
    redirect: 'error',
    signal: AbortSignal.timeout(timeout_ms),
  })
  const text = (await response.text()).slice(0, 1 << 20)
  return { status: response.status, headers: Object.fromEntries(response.headers), text }
}
