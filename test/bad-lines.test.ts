/** Lines, webhooks and alerts that are broken, too long or forged: each is told once with its place, and all others count. */
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertEachOnce, complaints } from './support/complaints.ts'
import { eventually, type LogLine, makeHome, readAlerts, startOutrider, waitFor } from './support/outrider.ts'
import { localfile, rules } from './support/parts.ts'
import { startTarget } from './support/target.ts'
import { postGithub } from './support/webhooks.ts'

// Of a busy machine; a test takes two seconds.
const limits = { timeout: 180_000 }

const logsOf = (home: string, rule: string) =>
  readAlerts(home)
    .filter((alert) => alert.rule.id === rule)
    .map(({ full_log }) => full_log)

test('bad lines are told with their place, and the lines before and after them count', limits, async (t) => {
  const home = makeHome(t, {
    'etc/ossec.conf': localfile('in.json', 'json') + localfile('in.log'),
    'etc/rules/local_rules.xml': rules,
    'outrider.yaml': 'listen: { port: 0 }\n',
    'in.json': '',
    'in.log': '',
  })
  const outrider = await startOutrider(t, home)
  const mebi = 1 << 20
  const json = [
    '{"text":"outrider-test 1"}',
    '{"text":"outrider-test broken',
    'outrider-test, and no JSON',
    '["outrider-test, and no object"]',
    '{"text":"outrider-test 2"}',
    `{"text":"outrider-test ${'x'.repeat(20 * mebi)}"}`,
    '{"text":"outrider-test 3"}',
  ]
  const offsets = json.map((_, n) => json.slice(0, n).join('\n').length + (n > 0 ? 1 : 0))
  appendFileSync(join(home, 'in.json'), `${json.join('\n')}\n`)
  const long = `outrider-test long ${'y'.repeat(20 * mebi)}`
  const log = [
    'outrider-test first',
    'outrider-test \xff\xfe\x80 bytes',
    'outrider-test \xc3\xa9 fine',
    long,
    'outrider-test last',
  ]
  appendFileSync(join(home, 'in.log'), `${log.join('\n')}\n`, 'latin1')

  await eventually(home, () => logsOf(home, '100001').length >= 8)
  const found = readAlerts(home).filter((alert) => alert.rule.id === '100001')
  const from = (name: string) =>
    found.filter(({ location }) => location?.endsWith(name)).map((alert) => alert.full_log!)
  assert.deepEqual(
    from('in.json'),
    [1, 2, 3].map((n) => `{"text":"outrider-test ${n}"}`),
  )
  const texts = from('in.log')
  assert.deepEqual(texts.toSpliced(3, 1), [
    'outrider-test first',
    'outrider-test \ufffd\ufffd\ufffd bytes',
    'outrider-test é fine',
    'outrider-test last',
  ])
  assert.ok(long.startsWith(texts[3]!) && texts[3]!.length > 60_000, 'a long line of text is cut')
  const bytes = readFileSync(join(home, 'logs/alerts/alerts.json'), 'latin1')
  assert.ok(bytes.includes('"full_log":"outrider-test \xff\xfe\x80 bytes"'), 'its bytes stay as they are, as in Wazuh')

  await assertEachOnce(outrider, [
    new RegExp(`in\\.json: the line at byte ${offsets[1]} is skipped: not a JSON object`),
    new RegExp(`in\\.json: the line at byte ${offsets[2]} is skipped: not a JSON object`),
    new RegExp(`in\\.json: the line at byte ${offsets[3]} is skipped: not a JSON object`),
    new RegExp(
      `in\\.json: the line at byte ${offsets[5]} is ${json[5]!.length} bytes long, at most \\d+ are taken; it is skipped`,
    ),
    /in\.log: the line at byte 20 is not UTF-8; it is taken as it is/,
    new RegExp(
      `in\\.log: the line at byte \\d+ is ${long.length} bytes long, at most \\d+ are taken; its rest is dropped`,
    ),
  ])
  assert.equal(await outrider.stop(), 0)
})

test('a file full of bad lines does not fill the log', limits, async (t) => {
  const home = makeHome(t, {
    'etc/ossec.conf': localfile('in.json', 'json'),
    'etc/rules/local_rules.xml': rules,
    'outrider.yaml': 'listen: { port: 0 }\n',
    'in.json': '',
  })
  const outrider = await startOutrider(t, home)
  appendFileSync(join(home, 'in.json'), `${'no json\n'.repeat(5000)}{"text":"outrider-test"}\n`)
  await eventually(home, () => logsOf(home, '100001').length === 1)
  await outrider.logged(({ message }) => /in\.json: further lines are skipped or cut/.test(message))
  const found = complaints(outrider)
  assert.ok(found.length <= 12, `${found.length} complaints`)
  assert.equal(await outrider.stop(), 0)
})

test(
  'a webhook with a wrong signature, a body over the limit or no JSON is refused, and the right ones are taken',
  limits,
  async (t) => {
    const home = makeHome(t, {
      'outrider.yaml':
        'listen: { port: 0 }\nreceivers:\n  github: { type: github, secret: of the test, max_body: 2K }\n',
    })
    const outrider = await startOutrider(t, home)
    const hook = `${outrider.url}/webhook/github`
    const advisory = (n: number) => ({
      action: 'published',
      security_advisory: { severity: 'critical', summary: `number=${n}` },
    })
    const send = async (event: unknown, secret = 'of the test') => {
      const { status, text } = await postGithub(hook, secret, event, 'security_advisory')
      return `${status} ${text.trim()}`
    }
    assert.match(await send(advisory(1)), /^200 /)
    assert.match(await send(advisory(2), 'another secret'), /^401 X-Hub-Signature-256 does not fit the body/)
    assert.match(await send({ ...advisory(3), filler: 'x'.repeat(3000) }), /^413 body is larger than 2048 bytes/)
    assert.match(await send('not json'), /^400 the body is not (a JSON object|JSON)/)
    const unsigned = await fetch(hook, { method: 'POST', body: '{}' })
    assert.equal(unsigned.status, 401)
    // Of unknown length, so that only reading it shows how long it is.
    const endless = new Blob(['x'.repeat(100_000)]).stream()
    const chunked = await fetch(hook, { method: 'POST', body: endless, duplex: 'half' } as RequestInit)
    assert.equal(chunked.status, 413)
    assert.match(await send(advisory(4)), /^200 /)

    const numbers = () => readAlerts(home).flatMap(({ full_log }) => /number=(\d)/.exec(full_log ?? '')?.[1] ?? [])
    await eventually(home, () => numbers().length === 2)
    assert.deepEqual(numbers(), ['1', '4'])
    const isRefusal = ({ message }: LogLine) => message === 'webhook refused'
    const refused = await waitFor(async () => {
      const found = outrider.log.filter(isRefusal)
      return found.length >= 5 && found
    })
    assert.deepEqual(
      refused.map(({ receiver, status }) => [receiver, status]),
      [401, 413, 400, 401, 413].map((status) => ['github', status]),
    )
    for (const { reason } of refused) assert.ok(reason)
    assert.equal(complaints(outrider).length, refused.length)
    assert.equal(await outrider.stop(), 0)
  },
)

test(
  'beside a real Wazuh, a broken line in its alerts.json is told once, and the alerts around it count',
  limits,
  async (t) => {
    const target = await startTarget(t)
    const alert = (n: number, more = '') =>
      `{"timestamp":"2026-11-21T10:30:45.123+0000","rule":{"level":5,"description":"x","id":"5710"},"id":"1795255845.${n}","full_log":"number=${n}${more}"}\n`
    const home = makeHome(t, {
      'wazuh/alerts.json': alert(0),
      'outrider.yaml': `listen: { port: 0 }
engine: beside
alerts: wazuh/alerts.json
destinations:
  one: { type: webhook, hook_url: ${target.url}/one, from: start }
  two: { type: webhook, hook_url: ${target.url}/two, from: start }
`,
    })
    const outrider = await startOutrider(t, home)
    const write = (text: string) => appendFileSync(join(home, 'wazuh/alerts.json'), text, 'latin1')
    const got = (path: string) =>
      target.taken.filter((one) => one.path === path).map(({ body }) => Number(/number=(\d+)/.exec(body)?.[1]))
    const arrived = (count: number) =>
      eventually(home, () => got('/one').length >= count && got('/two').length >= count)
    write([alert(1), alert(2, ' \xff\xfe'), '{"rule":{"level":5,"descr\n', 'no json at all\n', alert(3)].join(''))
    await arrived(4)
    // A line that is written in two pieces.
    const line = alert(4)
    write(line.slice(0, 50))
    await outrider.api('GET', 'overview')
    write(line.slice(50) + alert(5, 'x'.repeat(20 << 20)) + alert(6))
    await arrived(6)
    for (const path of ['/one', '/two']) assert.deepEqual(got(path).sort(), [0, 1, 2, 3, 4, 6])
    await outrider.logged(({ message }) => /the line at byte \d+ is 2\d{7} bytes long/.test(message))
    const found = complaints(outrider)
    for (const pattern of [
      /skipped a line that is no alert: "\{\\"rule/,
      /skipped a line that is no alert: "no json at all"/,
      /the line at byte \d+ is 2\d{7} bytes long/,
    ])
      assert.equal(found.filter((text) => pattern.test(text)).length, 1, `${pattern}: ${found.join('\n')}`)
    assert.equal(await outrider.stop(), 0)
  },
)
