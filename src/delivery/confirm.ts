/** Services that answer before what they took is safe: asks until it is. Imports nothing heavy: see attempt.ts. */
import type { Confirmation, Outcome } from '../define.ts'
import type { Given, Post } from './attempt.ts'

/** Between two questions; growing, for most are safe soon or late. */
const first_ms = 100
const longest_ms = 2000

/**
 * Waits until what was `taken` is safe. Never rejects.
 *
 * @returns `taken`, or what the service says, or "try again" when it has not said so in time
 */
export async function confirmed(
  taken: Outcome,
  confirmation: Confirmation | undefined,
  post: Post,
  { now, left_ms, signal }: Pick<Given, 'now' | 'left_ms' | 'signal'>,
): Promise<Outcome> {
  if (!confirmation) return taken
  const until = now() + Math.min(confirmation.within_ms, left_ms?.() ?? Number.POSITIVE_INFINITY)
  let last = ''
  for (let pause = first_ms; ; pause = Math.min(longest_ms, pause * 2)) {
    const result = await post(confirmation.request, true)
    if (result.kind === 'answer') {
      const outcome = confirmation.outcome(result.response)
      if (outcome) return outcome.kind === 'delivered' ? taken : outcome
      last = result.response.status === 200 ? '' : `, HTTP ${result.response.status}`
    } else last = `, ${result.reason}`
    const left = Math.min(until - now(), left_ms?.() ?? Number.POSITIVE_INFINITY)
    if (left <= 0 || signal?.aborted) break
    await waitFor(Math.min(pause, left), signal)
  }
  return { kind: 'retry', reason: `it was taken, but not confirmed in time${last}` }
}

function waitFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms)
    function end(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    signal?.addEventListener('abort', end, { once: true })
  })
}
