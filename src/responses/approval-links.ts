/**
 * Links with which a person approves or refuses what waits for it, without signing in: who has the link, may answer that one block, once, until it
 * expires.
 *
 * `/approve/LEASE.EXPIRES.SIGNATURE`: the lease's id, seconds since 1970 in base 36, and HMAC-SHA-256 over both. Once, because a lease waits for an
 * approval only once. No query, so that no medium has to escape it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export interface ApprovalLinks {
  /** @param until milliseconds since 1970 */
  path(lease: string, until: number): string
  /** Undefined: nobody here has made it. */
  read(token: string, now: number): { lease: string; is_expired: boolean } | undefined
}

/** @param secret kept in the home folder, readable by the owner only */
export function createApprovalLinks(secret: string): ApprovalLinks {
  const sign = (text: string) => createHmac('sha256', secret).update(`outrider approval ${text}`).digest('base64url')
  return {
    path(lease, until) {
      const text = `${lease}.${Math.floor(until / 1000).toString(36)}`
      return `/approve/${text}.${sign(text)}`
    },
    read(token, now) {
      const [, lease, expires, signature] = /^([a-z0-9]{1,40})\.([a-z0-9]{1,10})\.([\w-]{43})$/.exec(token) ?? []
      if (lease === undefined || expires === undefined || signature === undefined) return undefined
      const right = sign(`${lease}.${expires}`)
      if (!timingSafeEqual(Buffer.from(right), Buffer.from(signature))) return undefined
      return { lease, is_expired: now >= Number.parseInt(expires, 36) * 1000 }
    },
  }
}
