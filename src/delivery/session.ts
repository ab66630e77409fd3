/** Services that give out a session for the credential: one for all who send, opened when it is needed and again when it is over. Imports nothing heavy: see attempt.ts. */
import type { Integration, SessionRule } from '../define.ts'
import { type Attempt, attempt, type Given, type Post, type Ship, showRequest } from './attempt.ts'
import { describe, judge } from './outcome.ts'

export interface Sessions {
  /** {@link attempt}, with a session. Never rejects. */
  attempt(options: Record<string, unknown>, given: Given, post: Post, ship?: Ship): Promise<Attempt>
  /** Gives the session back, as far as the service hears of it. Never rejects. */
  close(options: Record<string, unknown>, post: Post): Promise<void>
}

type Opened = { session: string } | { attempt: Attempt }

export function openSessions(integration: Integration): Sessions {
  const rule = integration.session
  let current: Promise<Opened> | undefined

  function get(rule: SessionRule, options: Record<string, unknown>, given: Given, post: Post): Promise<Opened> {
    if (current) return current
    const mine = open(rule, options, given, post).then((opened) => {
      // The next one asks again.
      if ('attempt' in opened && current === mine) current = undefined
      return opened
    })
    current = mine
    return mine
  }

  return {
    async attempt(options, given, post, ship) {
      if (!rule) return attempt(integration, options, given, post, ship)
      for (let tries = 1; ; tries++) {
        const opening = get(rule, options, given, post)
        const opened = await opening
        if ('attempt' in opened) return opened.attempt
        const { session } = opened
        let isOver = false
        const watched: Post = async (request) => {
          const result = await post(request, true)
          isOver = result.kind === 'answer' && rule.isOver(result.response)
          return result
        }
        const tried = await attempt(integration, options, { ...given, session }, watched, ship)
        if (isOver && current === opening) current = undefined
        if (!isOver || tries > 1) return withoutSession(tried, session)
      }
    },

    async close(options, post) {
      const opened = await current
      current = undefined
      if (rule?.close && opened && 'session' in opened) await post(rule.close(opened.session, options), false)
    },
  }
}

async function open(rule: SessionRule, options: Record<string, unknown>, given: Given, post: Post): Promise<Opened> {
  const request = rule.open(options)
  const show = () => showRequest(request)
  const result = await post(request, true)
  if (result.kind === 'impossible')
    return { attempt: { outcome: { kind: 'rejected', reason: `not sent: ${result.reason}` }, request: show } }
  if (result.kind === 'failed') {
    const { reason, busy } = result
    return { attempt: { outcome: { kind: 'retry', reason, busy }, request: show } }
  }
  const { response } = result
  const read = rule.read(response, options) ?? judge(response, given.now())
  if (typeof read === 'string') return { session: read }
  const outcome =
    read.kind === 'delivered'
      ? ({ kind: 'retry', reason: `no session in ${describe(response)}`, busy: true } as const)
      : // Nothing was said about the alert.
        read.kind === 'rejected'
        ? ({ kind: 'paused', reason: read.reason } as const)
        : read
  return { attempt: { outcome, request: show, answer: describe(response) } }
}

/** It is as good as the credential, and people may look at what is kept. */
function withoutSession(tried: Attempt, session: string): Attempt {
  const { request } = tried
  return request ? { ...tried, request: () => request().replaceAll(session, '***') } : tried
}
