/**
 * Many alerts in one request. What becomes of each is its own: one that a service does not like does not keep the others from arriving.
 *
 *   a b c d e f ─▶ 413, or 400 without saying which ─┬▶ a b c ─▶ delivered
 *                                                    └▶ d e f ─▶ 400 ─┬▶ d ─▶ delivered
 *                                                                     └▶ e f ─▶ 400 ─┬▶ e ─▶ rejected
 *                                                                                    └▶ f ─▶ delivered
 */
import type { Batch, HttpResponse, Integration, Outcome } from '../define.ts'
import { type Attempt, contextOf, type Given, judgeFor, type Post, showRequest } from './attempt.ts'
import { confirmed } from './confirm.ts'
import { describe } from './outcome.ts'

/** One alert of a batch: what it adds to the request, and what became of it. */
interface Share {
  given: Given
  part: string
  attempt: Attempt | undefined
}

/** Answers about the request, in which a smaller one may fare better. */
const divisible = new Set([400, 413, 422])

/**
 * Tries many alerts, in as few requests as the service lets us. Never rejects.
 *
 * @param limits `max_bytes` of the alerts' lines go into one request, unless it is a single one; `tooLarge` is told how many a service found too many
 * @returns for each alert, in their order
 */
export async function attemptBatch(
  integration: Integration & { batch: Batch },
  options: Record<string, unknown>,
  alerts: readonly Given[],
  post: Post,
  limits: { max_bytes: number; tooLarge(bytes: number): void },
): Promise<Attempt[]> {
  const { batch } = integration
  const shares = alerts.map((given): Share => {
    try {
      return { given, part: batch.part(given.alert, options, contextOf(given)), attempt: undefined }
    } catch (error) {
      // An alert that the definition cannot read will not become readable.
      const reason = `no request could be made of it: ${(error as Error).message}`
      return { given, part: '', attempt: { outcome: { kind: 'rejected', reason } } }
    }
  })

  /** What the service has asked for, or the reason why it cannot be reached: no further request is made then. */
  let halt: Outcome | undefined

  async function send(some: Share[]): Promise<void> {
    const [first] = some
    if (!first) return
    if (halt) return giveAll(some, halt)
    // What look-ups say was added after they were chosen.
    if (some.length > 1 && bytesOf(some) > limits.max_bytes) return sendHalves(some)
    const request = batch.request(
      some.map(({ part }) => part),
      options,
      first.given.now(),
    )
    const result = await post(request, true)
    if (result.kind === 'impossible') return giveAll(some, { kind: 'rejected', reason: `not sent: ${result.reason}` })
    if (result.kind === 'failed') {
      halt = { kind: 'retry', reason: result.reason, busy: result.busy }
      return giveAll(some, halt)
    }
    const { response } = result
    const each = readOutcomes(response, some.length)
    if (each) {
      for (const [n, share] of some.entries()) give(share, each[n]!, undefined)
      return
    }
    const whole = judgeFor(integration, options, response, first.given.now())
    if (whole.kind === 'rejected' && some.length > 1 && divisible.has(response.status)) {
      if (response.status === 413) limits.tooLarge(bytesOf(some))
      return sendHalves(some)
    }
    const safe =
      whole.kind === 'delivered' && integration.confirm
        ? await confirmed(whole, integration.confirm(response, options), post, first.given)
        : whole
    if (safe.kind === 'paused' || (safe.kind === 'retry' && safe.busy)) halt = safe
    giveAll(some, safe, describe(response))
  }

  async function sendHalves(some: Share[]): Promise<void> {
    const half = Math.ceil(some.length / 2)
    await send(some.slice(0, half))
    return send(some.slice(half))
  }

  function readOutcomes(response: HttpResponse, count: number): Outcome[] | undefined {
    try {
      const outcomes = batch.outcomes?.(response, options, count)
      return outcomes?.length === count ? outcomes : undefined
    } catch {
      return undefined
    }
  }

  function giveAll(some: Share[], outcome: Outcome, answer?: string): void {
    for (const share of some) give(share, outcome, answer)
  }

  function give(share: Share, outcome: Outcome, answer: string | undefined): void {
    if (outcome.kind === 'delivered') share.attempt = { outcome }
    // People see the request as if the alert had been alone in it.
    else {
      const show = () => showRequest(batch.request([share.part], options, share.given.now()))
      share.attempt = { outcome, request: show, answer }
    }
  }

  await send(shares.filter(({ attempt }) => attempt === undefined))
  return shares.map(({ attempt }) => attempt!)
}

function bytesOf(shares: Share[]): number {
  return shares.reduce((bytes, { given }) => bytes + given.line.length, 0)
}
