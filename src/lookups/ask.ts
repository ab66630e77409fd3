/** One question to a service, and what its answer means. */
import type { Answer, HttpRequest, HttpResponse, Lookup, Outcome, Subject } from '../define.ts'
import type { HttpResult } from '../delivery/attempt.ts'
import { describe, judge } from '../delivery/outcome.ts'

/** Some services list all they have. */
export const most_answer_bytes = 4 << 20

/** An answer, and what is shown of how it came to be. */
export interface Reply {
  answer: Answer
  request?: HttpRequest
  response?: HttpResponse
  /** For the event that tells of trouble: the status of HTTP, or the one that comes nearest. */
  status?: number
}

/** @throws when the definition cannot make a request of it */
export async function askOnce(
  lookup: Lookup,
  options: Record<string, unknown>,
  subject: Subject,
  send: (request: HttpRequest) => Promise<HttpResult>,
  now: number,
): Promise<Reply> {
  const request = lookup.request(subject, options)
  const result = await send(request)
  if (result.kind === 'impossible')
    return { answer: { kind: 'rejected', reason: `not sent: ${result.reason}` }, request, status: 400 }
  if (result.kind === 'failed') {
    const { reason, busy } = result
    return { answer: { kind: 'retry', reason, busy }, request, status: reason.startsWith('no answer') ? 408 : 503 }
  }
  const { response } = result
  const answer = readAnswer(lookup, response, subject, options, now)
  return { answer, request, response, status: statusOf(answer, response) }
}

function readAnswer(
  lookup: Lookup,
  response: HttpResponse,
  subject: Subject,
  options: Record<string, unknown>,
  now: number,
): Answer {
  let answer: Answer | Outcome
  try {
    answer = lookup.read(response, subject, options) ?? judge(response, now)
  } catch {
    // An answer that the definition cannot read is judged by its status.
    answer = judge(response, now)
  }
  return answer.kind === 'delivered'
    ? { kind: 'rejected', reason: `the answer is not understood: ${describe(response)}` }
    : answer
}

function statusOf(answer: Answer, { status }: HttpResponse): number {
  if (status >= 400) return status
  return answer.kind === 'paused' ? 401 : 422
}
