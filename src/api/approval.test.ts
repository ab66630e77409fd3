import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Block } from './parts.ts'
import { createApi } from './server.ts'
import { memoryParts, silent, token } from './testing.ts'

const until = Date.UTC(2026, 10, 21, 12)
const waiting: Block = {
  id: 'abc',
  response: 'firewall-drop',
  key: '203.0.113.7',
  state: 'planned',
  dry_run: false,
  since: until - 600_000,
  why: 'rule 5712 <script>alert(1)</script>',
  by: 'rule 5712',
  reason: 'waits for approval: more than 60 new ones within a minute',
  asks: { until, seconds: 600 },
}

function open(kind?: 'not ours' | 'expired' | 'answered') {
  const answers: unknown[] = []
  const { parts, secrets } = memoryParts(Date.now)
  parts.approvals = {
    find: (given) => (kind ? { kind } : given === 'good' ? { kind: 'waits', block: waiting } : { kind: 'not ours' }),
    answer(id, approve, manual) {
      answers.push({ id, approve, ...manual })
      return { ok: true, value: {} }
    },
  }
  const app = createApi(parts, { token, hosts: [], console: '/nowhere', log: silent, now: Date.now })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return {
    answers,
    secrets,
    // By a name that nobody configured: a proxy may stand in front, and the link itself is the key.
    get: (path = 'good', method = 'GET') => app.request(`http://outrider.example.com/approve/${path}`, { method }),
    post: (form: Record<string, string>, path = 'good') =>
      app.request(`/approve/${path}`, { method: 'POST', headers, body: new URLSearchParams(form) }),
  }
}

describe('the page behind a link', () => {
  test('shows what would be done, and does nothing, however often it is looked at', async () => {
    const { get, answers } = open()
    for (const method of ['GET', 'HEAD', 'GET']) assert.equal((await get('good', method)).status, 200)
    const page = await get()
    const text = await page.text()
    assert.match(text, /firewall-drop 203\.0\.113\.7, for 600 s\?/)
    assert.match(text, /more than 60 new ones within a minute/)
    assert.match(text, /2026-11-21T12:00:00Z/)
    assert.ok(!text.includes('<script>'), 'text of an alert is never markup')
    assert.deepEqual(answers, [])
    assert.match(page.headers.get('content-security-policy')!, /default-src 'none'.*form-action 'self'/)
    assert.equal(page.headers.get('cache-control'), 'no-store')
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer')
  })

  test('approves and refuses with a reason, which is kept with the name', async () => {
    const { post, answers } = open()
    const approved = await post({ answer: 'approve', reason: ' a scanner ', name: 'Alice' })
    assert.equal(approved.status, 200)
    assert.match(await approved.text(), /Approved/)
    assert.match(await (await post({ answer: 'refuse', reason: 'a customer' })).text(), /Refused/)
    assert.deepEqual(answers, [
      { id: 'abc', approve: true, reason: 'a scanner', by: 'link:Alice' },
      { id: 'abc', approve: false, reason: 'a customer', by: 'link' },
    ])
  })

  test('without a reason or an answer nothing is done', async () => {
    const { post, answers } = open()
    for (const form of [
      { answer: 'approve' },
      { answer: 'approve', reason: '  ' },
      { answer: 'approve', reason: 'x'.repeat(501) },
      { answer: 'approve', reason: 'x', name: 'x'.repeat(81) },
      { answer: 'perhaps', reason: 'x' },
      { reason: 'x' },
    ])
      assert.equal((await post(form as Record<string, string>)).status, 400, JSON.stringify(form))
    assert.equal((await post({ answer: 'approve', reason: 'x'.repeat(9000) })).status, 413)
    assert.deepEqual(answers, [])
  })

  test('a link that is not ours, has expired or was answered does nothing and tells nothing', async () => {
    for (const [kind, status] of [
      ['not ours', 404],
      ['expired', 410],
      ['answered', 410],
    ] as const) {
      const { get, post, answers } = open(kind)
      for (const answer of [await get(), await post({ answer: 'approve', reason: 'x' })]) {
        assert.equal(answer.status, status)
        assert.ok(!(await answer.text()).includes('203.0.113.7'))
      }
      assert.deepEqual(answers, [])
    }
    assert.equal((await open().get('a/b')).status, 404)
  })

  test('secrets are masked', async () => {
    const { get, secrets } = open()
    secrets.push('5712')
    assert.match(await (await get()).text(), /rule \*\*\*/)
  })
})
