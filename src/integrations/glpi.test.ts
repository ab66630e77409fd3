import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import type { HttpRequest } from '../define.ts'
import glpi from './glpi.ts'
import { alert, context, jsonOf, outcome, request } from './testing.ts'

const parsed = (options: Record<string, unknown> = {}) => z.parse(glpi.options, { ...glpi.example, ...options })
const incident = { key: 'k', more: 3, ref: '42' }

test('a session is opened with both tokens, and closed', () => {
  const headers = { 'content-type': 'application/json', 'app-token': 'glpi-app-token' }
  assert.deepEqual(glpi.session!.open(parsed()), {
    method: 'GET',
    url: 'https://glpi.example/apirest.php/initSession',
    headers: { ...headers, authorization: 'user_token glpi-user-token' },
  })
  assert.deepEqual(glpi.session!.close!('s', parsed()), {
    method: 'GET',
    url: 'https://glpi.example/apirest.php/killSession',
    headers: { ...headers, 'session-token': 's' },
  })
  const without = glpi.session!.open(parsed({ app_token: undefined, hook_url: 'https://h/glpi/apirest.php/' }))
  assert.equal(without.url, 'https://h/glpi/apirest.php/initSession')
  assert.ok(!('app-token' in without.headers!))
})

test('what the answers to it mean', () => {
  const read = (status: number, text: string) => glpi.session!.read({ status, headers: {}, text }, parsed())
  assert.equal(read(200, '{"session_token":"abc"}'), 'abc')
  for (const [status, code] of [
    [401, 'ERROR_GLPI_LOGIN_USER_TOKEN'],
    [400, 'ERROR_WRONG_APP_TOKEN_PARAMETER'],
    [400, 'ERROR_NOT_ALLOWED_IP'],
    [400, 'ERROR'],
  ] as const)
    assert.deepEqual(read(status, JSON.stringify([code, 'mot "x"\n'])), {
      kind: 'paused',
      reason: `HTTP ${status} ${code}: mot \\"x\\"\\n`,
    })
  assert.equal((read(200, '<html>') as { kind: string }).kind, 'paused')
  assert.equal(read(503, ''), undefined)
  const over = (status: number, code: string) =>
    glpi.session!.isOver({ status, headers: {}, text: JSON.stringify([code, 'x']) })
  assert.deepEqual(
    [
      over(401, 'ERROR_SESSION_TOKEN_INVALID'),
      over(401, 'ERROR_RIGHT_MISSING'),
      over(200, 'ERROR_SESSION_TOKEN_INVALID'),
    ],
    [true, false, false],
  )
})

test('a ticket, whose text is HTML that the log cannot shape', () => {
  const given = alert({ rule: { level: 12 }, full_log: '<img src=x onerror=alert(1)>\n&amp;' })
  const { url, headers } = request(glpi, given)
  assert.equal(url, 'https://glpi.example/apirest.php/Ticket')
  assert.equal(headers!['session-token'], '<session>')
  const { input } = jsonOf(glpi, given, { category: 7, fields: { _groups_id_assign: 3 } })
  assert.equal(input.name, 'Level 12: sshd: authentication failed. (web-01)')
  assert.ok(input.content.endsWith('<br><br>&lt;img src=x onerror=alert(1)&gt;<br>&amp;amp;</p>'))
  assert.deepEqual(
    [input.type, input.urgency, input.impact, input.itilcategories_id, input.entities_id, input._groups_id_assign],
    [1, 4, 4, 7, undefined, 3],
  )
})

test('what follows becomes a follow-up, and the end a solution', () => {
  const more = context(alert(), { incident })
  const { url } = request(glpi, alert(), {}, { incident })
  assert.equal(url, 'https://glpi.example/apirest.php/ITILFollowup')
  const { input } = jsonOf(glpi, alert(), {}, { incident })
  assert.deepEqual([input.itemtype, input.items_id], ['Ticket', 42])
  assert.match(input.content, /^<p>Level 5: /)
  const solved = glpi.resolve!(alert(), parsed(), more) as HttpRequest
  assert.equal(solved.url, 'https://glpi.example/apirest.php/ITILSolution')
  assert.deepEqual(Object.keys((solved.json as { input: object }).input), ['itemtype', 'items_id', 'content'])
  assert.equal(glpi.resolve!(alert(), parsed(), context(alert(), { incident: { key: 'k', more: 0 } })), undefined)
})

test('answers: made is made, and the rest is about GLPI or about the ticket', () => {
  assert.deepEqual(outcome(glpi, 201, '{"id":15,"message":"Item"}'), { kind: 'delivered', ref: '15' })
  // A POST that was redirected arrives as a GET.
  assert.equal(outcome(glpi, 200, '[]')?.kind, 'paused')
  assert.deepEqual(outcome(glpi, 400, '["ERROR_GLPI_ADD","a field is missing"]'), {
    kind: 'rejected',
    reason: 'HTTP 400 ERROR_GLPI_ADD: a field is missing',
  })
  assert.equal(outcome(glpi, 403, '["ERROR_RIGHT_MISSING","no"]')?.kind, 'paused')
  assert.equal(outcome(glpi, 404)?.kind, 'paused')
  assert.equal(outcome(glpi, 500), undefined)
})
