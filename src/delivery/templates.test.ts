import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Destination } from '../config.ts'
import gotify from '../integrations/gotify.ts'
import { alert } from '../integrations/testing.ts'
import { buildRequest } from './attempt.ts'
import { presentationOf } from './templates.ts'

const options = { hook_url: 'https://gotify.example', api_key: 'k' }
const now = () => 1_705_314_650_000

async function message(
  more: Partial<Destination>,
  given = alert(),
  incident?: { key: string; more: number; since: number },
) {
  const style = await presentationOf(more as Destination)
  const built = buildRequest(gotify, options, {
    destination: 'd',
    line: JSON.stringify(given),
    alert: given,
    now,
    style,
    incident,
  })
  if ('error' in built) throw built.error
  return (built.request as { json: { title: string; message: string } }).json
}

test('templates know the fields of the alert and what is made of them', async () => {
  const { title, message: body } = await message(
    {
      title:
        '{{ severity | upcase }} {{ agent.name }}: {{ rule.description }}{% if more > 0 %} (+{{ more }}){% endif %}',
      body: '{% for group in rule.groups %}#{{ group }} {% endfor %}\n{{ source_address }} {{ data.nothing }}\n{{ default_body }}',
    },
    alert(),
    { key: 'k', more: 3, since: 0 },
  )
  assert.equal(title, 'LOW web-01: sshd: authentication failed. (+3)')
  assert.match(body, /^#syslog #sshd \n203\.0\.113\.9 \n3 more like this since the last message\.\n\nAgent: web-01/)
})

test('a broken template is found when the destination is opened', async () => {
  for (const [more, expected] of [
    [{ title: '{{ rule.level | nosuch }}' }, /^title: undefined filter: nosuch/],
    [{ body: '{% if %}' }, /^body: /],
    [{ body: '{% include "/etc/passwd" %}' }, /^body: ENOENT/],
  ] as const)
    await assert.rejects(message(more), ({ message }: Error) => expected.test(message) || assert.fail(message))
})

test('an alert that a template cannot render is told in the usual words', async () => {
  const endless = '{% for a in data.list %}{% for b in (1..100000) %}{{ b }}{% endfor %}{% endfor %}'
  const given = alert({ data: { list: ['a', 'b'] } })
  assert.equal((await message({ title: endless }, given)).title, 'Level 5: sshd: authentication failed. (web-01)')
})

test('cannot reach what is no field', async () => {
  const { title } = await message({ title: '[{{ agent.constructor.name }}{{ agent.__proto__ }}{{ rule.groups.map }}]' })
  assert.equal(title, '[]')
})

test('speaks Russian, and another time zone', async () => {
  const { title, message: body } = await message({ language: 'ru', timezone: 'Europe/Moscow' }, alert(), {
    key: 'k',
    more: 37,
    since: 0,
  })
  assert.equal(title, 'Уровень 5: sshd: authentication failed. (web-01) (и ещё 37)')
  assert.match(body, /^Ещё 37 таких с прошлого сообщения\.\n\nАгент: web-01/)
  assert.match(body, /Правило: 5760 \(уровень 5\)/)
  assert.match(body, /Время: 2024-01-15 13:30:45 Europe\/Moscow/)
})

test('what comes late is marked', async () => {
  const at = (timestamp: string) => message({}, alert({ timestamp })).then(({ title }) => title)
  assert.match(await at('2024-01-15T07:30:00.000+0000'), /^\[3 h late\] Level 5/)
  assert.match(await at('2024-01-10T07:30:00.000+0000'), /^\[5 days late\] /)
  assert.match(await at('2024-01-15T10:00:00.000+0000'), /^\[30 min late\] Level 5/)
  assert.match(await at('2024-01-15T10:29:00.000+0000'), /^Level 5/)
})

test('templates know what look-ups say', async () => {
  const abuseipdb = { found: 1, abuse_confidence_score: 97, isp: '<!channel>' }
  const { title, message: body } = await message(
    {
      title: 'score {{ lookups.abuseipdb.abuse_confidence_score }} {{ alert.lookups.abuseipdb.isp }}',
      body: '{% if lookups.misp.found == 1 %}in MISP{% else %}not in MISP{% endif %}',
    },
    alert({ lookups: { abuseipdb } }),
  )
  assert.equal(title, 'score 97 <!channel>')
  assert.equal(body, 'not in MISP')
})
