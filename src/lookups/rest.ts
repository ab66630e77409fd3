/**
 * When a service is left alone by alerts on their way to a destination, which must not wait for it. The look-up's own queue has its own back-off, and tries now
 * and then; what it hears counts here, too.
 */
import type { Answer } from '../define.ts'

/** Failures in a row that are borne. */
const borne = 3
const longest_ms = 300_000

export interface Rest {
  /** Why an account is left alone now; undefined: it may be asked. */
  reason(account: string, now: number): string | undefined
  /** What a request came to. */
  heard(account: string, answer: Answer, now: number): void
  /** An alert went on without the answer. */
  missed(account: string, reason: string, now: number): void
}

export function createRest(): Rest {
  const accounts = new Map<string, { failures: number; until: number; reason: string }>()

  function failed(account: string, reason: string, now: number): void {
    const failures = (accounts.get(account)?.failures ?? 0) + 1
    const rest_ms = failures < borne ? 0 : Math.min(10_000 * 2 ** (failures - borne), longest_ms)
    accounts.set(account, { failures, until: now + rest_ms, reason })
  }

  return {
    reason(account, now) {
      const found = accounts.get(account)
      return found && found.until > now ? found.reason : undefined
    },
    heard(account, answer, now) {
      if (answer.kind === 'paused')
        accounts.set(account, { failures: 0, until: now + longest_ms, reason: answer.reason })
      else if (answer.kind !== 'retry') accounts.delete(account)
      else if (answer.after_ms === undefined) failed(account, answer.reason, now)
      else accounts.set(account, { failures: 0, until: now + answer.after_ms, reason: answer.reason })
    },
    missed: failed,
  }
}
