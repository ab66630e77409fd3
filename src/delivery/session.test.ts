import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import { defineIntegration, type HttpRequest } from '../define.ts'
import { alert } from '../integrations/testing.ts'
import type { Given, HttpResult, Post } from './attempt.ts'
import { openSessions } from './session.ts'

const definition = defineIntegration({
  name: 'sessions',
  summary: '',
  docs: '',
  options: z.object({}),
  example: {},
  session: {
    open: () => ({ url: 'http://s/open' }),
    read: ({ status, text }) => (status === 200 && text !== '' ? text : undefined),
    isOver: ({ status }) => status === 440,
    close: (session) => ({ url: `http://s/close/${session}` }),
  },
  request: (_, __, { session }) => ({ url: 'http://s/', headers: { session }, body: 'x' }),
})

const given: Given = { destination: 'd', line: '{}', alert: alert(), now: () => 0 }
const answer = (status: number, text = ''): HttpResult => ({ kind: 'answer', response: { status, headers: {}, text } })

/** What was asked, in order: the path, and the session. */
function service(reply: (request: HttpRequest, session: string | undefined) => HttpResult) {
  const asked: string[] = []
  const post: Post = async (request) => {
    const session = request.headers?.session
    asked.push(`${new URL(request.url).pathname}${session === undefined ? '' : ` ${session}`}`)
    return reply(request, session)
  }
  return { asked, post }
}

test('one session for all, opened once, given back at the end', async () => {
  const { asked, post } = service(({ url }) => answer(200, url.endsWith('open') ? 'S1' : ''))
  const sessions = openSessions(definition)
  const both = await Promise.all([sessions.attempt({}, given, post), sessions.attempt({}, given, post)])
  assert.deepEqual(
    both.map(({ outcome }) => outcome.kind),
    ['delivered', 'delivered'],
  )
  await sessions.attempt({}, given, post)
  await sessions.close({}, post)
  await sessions.close({}, post)
  assert.deepEqual(asked, ['/open', '/ S1', '/ S1', '/ S1', '/close/S1'])
})

test('a session that is over is opened again, once for each try, and never shown', async () => {
  let opened = 0
  const { asked, post } = service(({ url }, session) =>
    url.endsWith('open') ? answer(200, `S${++opened}`) : answer(session === 'S2' ? 500 : 440),
  )
  const sessions = openSessions(definition)
  const tried = await sessions.attempt({}, given, post)
  assert.deepEqual(asked, ['/open', '/ S1', '/open', '/ S2'])
  assert.equal(tried.outcome.kind, 'retry')
  assert.match(tried.request!(), /session: \*\*\*/)

  const never = service(({ url }) => answer(url.endsWith('open') ? 200 : 440, 'S'))
  assert.equal((await openSessions(definition).attempt({}, given, never.post)).outcome.kind, 'rejected')
  assert.equal(never.asked.length, 4)
})

test('a session that is not given says nothing about the alert, and is asked for again', async () => {
  for (const [reply, kind] of [
    [answer(401), 'paused'],
    [answer(404), 'paused'],
    [answer(503), 'retry'],
    [answer(200), 'retry'],
    [{ kind: 'failed', reason: 'away', busy: true }, 'retry'],
  ] as const) {
    const { asked, post } = service(() => reply)
    const sessions = openSessions(definition)
    for (const _ of [1, 2]) {
      const { outcome, request } = await sessions.attempt({}, given, post)
      assert.equal(outcome.kind, kind)
      if (outcome.kind === 'retry') assert.equal(outcome.busy, true)
      assert.match(request!(), /^POST http:\/\/s\/open/)
    }
    assert.deepEqual(asked, ['/open', '/open'])
    await sessions.close({}, post)
  }
})
