/** Carries out what a response's definition says is to be done: commands, edits of files, requests. */
import { readFileSync, realpathSync, statSync } from 'node:fs'
import type { Command, FileEdit, HttpRequest, HttpResponse, HttpStep, Step } from '../define.ts'
import { replaceFile } from '../durable/replace-file.ts'
import { failureOf, runProgram } from '../inputs/process.ts'

/** Sends one request; rejects when there is no answer within the time. */
export type Http = (request: HttpRequest, timeout_ms: number) => Promise<HttpResponse>

export interface StepContext {
  /** For each step. */
  deadline_ms: number
  http: Http
}

/** `outputs`: what each command printed, or the body of each answer. */
export type StepsResult =
  | { ok: true; outputs: string[] }
  | {
      ok: false
      /** In words, with the name of the program or the host. */
      failure: string
      /** Nothing was done, and doing the same again will not help until a person has mended something. */
      hopeless: boolean
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

function runStep(step: Step, context: StepContext): Promise<StepsResult> {
  if ('argv' in step) return runCommand(step, context)
  return 'file' in step ? Promise.resolve(editFile(step)) : request(step, context)
}

async function runCommand({ argv, stdin }: Command, { deadline_ms }: StepContext): Promise<StepsResult> {
  const max_output_bytes = 64 << 20 // a listing of a million addresses
  const result = await runProgram({ argv, stdin, deadline_ms, stderr: 'separate', max_output_bytes })
  const failure = failureOf(result)
  const words = (bytes: string) => Buffer.from(bytes, 'latin1').toString()
  if (failure === undefined) return { ok: true, outputs: [words(result.output)] }
  const said = words(result.stderr).trim().slice(0, 300)
  return {
    ok: false,
    failure: `${argv[0]}: ${failure}${said && `: ${said}`}`,
    hopeless: result.failure !== undefined,
  }
}

/** Read and replaced in one go, so that no other of our edits can come between. */
function editFile({ file, edit }: FileEdit): StepsResult {
  try {
    const exists = statSync(file, { throwIfNoEntry: false }) !== undefined
    const path = exists ? realpathSync(file) : file
    const before = exists ? readFileSync(path, 'utf8') : ''
    const after = edit(before)
    if (after !== before) replaceFile(path, after, exists ? undefined : 0o644)
    return { ok: true, outputs: [] }
  } catch (error) {
    return { ok: false, failure: `${file}: ${(error as Error).message}`, hopeless: false }
  }
}

async function request(step: HttpStep, context: StepContext): Promise<StepsResult> {
  const { fine = [], next, ...sent } = step
  const host = URL.canParse(sent.url) ? new URL(sent.url).host : sent.url
  try {
    const answer = await context.http(sent, context.deadline_ms)
    const isFine = (answer.status >= 200 && answer.status < 300) || fine.includes(answer.status)
    if (!isFine) {
      const failure = `${host}: HTTP ${answer.status} ${answer.text.trim().slice(0, 200)}`.trimEnd()
      return { ok: false, failure, hopeless: [401, 403].includes(answer.status) }
    }
    const rest = await runSteps(next?.(answer) ?? [], context)
    return rest.ok ? { ok: true, outputs: [answer.text, ...rest.outputs] } : rest
  } catch (error) {
    const { message, cause } = error as Error
    return { ok: false, failure: `${host}: ${cause instanceof Error ? cause.message : message}`, hopeless: false }
  }
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
