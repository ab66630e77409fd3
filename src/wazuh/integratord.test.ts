import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Alert, toBytes } from '../alert.ts'
import type { IntegrationBlock } from '../config.ts'
import { alertFile, blockProblem, removeLeftovers, runIntegration, scriptArguments, TempFiles } from './integratord.ts'

const home = mkdtempSync(join(tmpdir(), 'outrider-integratord-'))
after(() => rmSync(home, { recursive: true }))
mkdirSync(join(home, 'integrations'))
const files = join(home, 'files')
mkdirSync(files)

const now = 1705314645123
const block = (more: Partial<IntegrationBlock> = {}): IntegrationBlock => ({
  place: { file: 'ossec.conf', line: 1 },
  name: 'custom-x',
  level: 0,
  max_log: 165,
  timeout: 10,
  retries: 3,
  ...more,
})
const alert: Alert = {
  timestamp: '2024-01-15T10:30:45.123+0000',
  id: '1705314645.98',
  rule: { level: 5, id: '5710', description: 'sshd: invalid user' },
  full_log: 'Failed "password"',
  data: { srcip: '10.0.0.50' },
  location: '/var/log/auth.log',
}
const line = toBytes(JSON.stringify(alert))

function script(name: string, text: string, mode = 0o750): void {
  writeFileSync(join(home, 'integrations', name), text)
  chmodSync(join(home, 'integrations', name), mode)
}

const run = (given: IntegrationBlock, deadline_ms = 20_000) =>
  runIntegration(given, line, alert, { home, deadline_ms, temp: new TempFiles(7, files), now })

test('a script sees the nine arguments, the working folder, a closed stdin and its alert file', async () => {
  script(
    'custom-x',
    `#!/bin/sh
printf '<%s>' "$0" "$@" > seen
pwd >> seen; cat >> seen; cat "$1" >> seen; cat "$5" >> seen
ls -l "$1" | cut -c1-10 >> seen
`,
  )
  const { outcome, request } = await run(
    block({ api_key: 'k', hook_url: 'http://h/?a=1&b=2', alert_format: 'json', options: '{"x": "é"}' }),
  )
  assert.deepEqual(outcome, { kind: 'delivered' })
  const path = `${files}/custom-x-1705314645-${7 << 16}`
  assert.equal(
    readFileSync(join(home, 'seen'), 'utf8'),
    `<integrations/custom-x><${path}.alert><k><http://h/?a=1&b=2><><${path.replace(/\d+$/, String((7 << 16) | 1))}.options><10><3><> /dev/null 2>&1>` +
      `${home}\n${line}\n{"x": "é"}\n-rw-------\n`,
  )
  assert.equal(
    request,
    `integrations ${path}.alert (api_key) (hook_url) '' ${path.replace(/\d+$/, String((7 << 16) | 1))}.options 10 3 '> /dev/null 2>&1'`,
  )
  assert.deepEqual(readdirSync(files), [], 'the files are gone')
})

test('the arguments are joined and split at spaces, as integratord does it', () => {
  const split = (api_key?: string, hook_url?: string, options?: string) =>
    scriptArguments(block({ api_key, hook_url }), { alert: '/tmp/a.alert', options })
  const end = '> /dev/null 2>&1'
  assert.deepEqual(split(), ['integrations', '/tmp/a.alert', '', '', '', '', '10', '3', end])
  assert.deepEqual(split('my key', 'h', '/o'), [
    'integrations',
    '/tmp/a.alert',
    'my',
    'key',
    'h',
    '',
    '/o',
    '10',
    `3 ${end}`,
  ])
  assert.deepEqual(split('my\\ key', 'h'), ['integrations', '/tmp/a.alert', 'my key', 'h', '', '', '10', '3', end])
  assert.deepEqual(split('my key `x`', 'http://h/a b;touch /tmp/pwn $(id)'), [
    'integrations',
    '/tmp/a.alert',
    'my',
    'key',
    '`x`',
    'http://h/a',
    'b;touch',
    '/tmp/pwn',
    `$(id)   10 3 ${end}`,
  ])
  assert.equal(split('x'.repeat(5000)).join(' ').length, 4094 + 1 + end.length)
})

test('the plain format, to the byte', () => {
  const plain = (more: Partial<Alert>, max_log = 165) => alertFile({ max_log }, '', { ...alert, ...more })
  assert.equal(
    plain({}),
    `alertdate='2024-01-15T10:30:45.123+0000'
alertlocation='/var/log/auth.log'
ruleid='5710'
alertlevel='5'
ruledescription='sshd: invalid user'
alertlog='Failed  password '
srcip='10.0.0.50'`,
  )
  const log = (full_log: string, max_log?: number) => /alertlog='(.*)'/.exec(plain({ full_log }, max_log))![1]
  assert.equal(log('é{a|b}\n\t`$!"\';\\x~'), '   a b        ,/x ')
  assert.equal(log('z'.repeat(165)), `${'z'.repeat(162)}...`)
  assert.equal(log('z'.repeat(164)), 'z'.repeat(164))
  assert.equal(log('z'.repeat(999), 200), `${'z'.repeat(197)}...`)
  assert.match(plain({ data: { srcip: "fe80::1%eth-0'`\\" } }), /srcip='fe80::1 eth 0 {3}'$/)
  assert.equal(
    alertFile({ max_log: 165 }, '', { rule: {} } as Alert),
    "alertdate=''\nalertlocation=''\nruleid=''\nalertlevel='0'\nruledescription=''\nalertlog=''\nsrcip=''",
  )
})

test('a quote in an alert cannot end the quoting of the plain format', () => {
  const hostile = "x'; touch /tmp/pwned; '"
  const text = alertFile({ max_log: 165 }, '', {
    ...alert,
    timestamp: hostile,
    location: hostile,
    rule: { level: 5, id: hostile, description: hostile },
  })
  for (const one of text.split('\n')) assert.match(one, /^\w+='[^']*'$/)
})

test('any alert_format that begins with json is JSON', () => {
  assert.equal(alertFile({ alert_format: 'jsonx', max_log: 165 }, '{"a" : "\\u00e9\\/"}', alert), '{"a":"\xc3\xa9/"}\n')
  assert.match(alertFile({ alert_format: 'JSON', max_log: 165 }, '{}', alert), /^alertdate=/)
})

test('a failing script is tried again later, with its last line of output as the reason and no secret in it', async () => {
  script('custom-fail', '#!/bin/sh\necho "to $3"\necho "key is $2" >&2\nprintf "\\n\\n"\nexit 3\n')
  const { outcome, request, answer } = await run(
    block({ name: 'custom-fail', api_key: 'secret-key', hook_url: 'https://hook/secret' }),
  )
  assert.deepEqual(outcome, { kind: 'retry', reason: 'exit code 3, last output "key is ***"' })
  assert.doesNotMatch(JSON.stringify([outcome, request, answer]), /secret/)
  assert.match(answer, /^to \*\*\*\nkey is \*\*\*/)
})

test('a script without #! is run by sh', async () => {
  script('custom-bare', 'echo "$0 $#" > bare\n')
  assert.deepEqual((await run(block({ name: 'custom-bare' }))).outcome, { kind: 'delivered' })
  assert.equal(readFileSync(join(home, 'bare'), 'utf8'), 'integrations/custom-bare 8\n')
})

test('a script that does not end is killed with all it started', async () => {
  script('custom-hang', '#!/bin/sh\nsleep 60 &\necho $! > child\necho waiting\nsleep 60\n')
  const { outcome } = await run(block({ name: 'custom-hang' }), 1500)
  assert.equal(outcome.kind, 'retry')
  assert.match((outcome as { reason: string }).reason, /not done in time.*last output "waiting"/)
  const child = `/proc/${readFileSync(join(home, 'child'), 'utf8').trim()}/stat`
  // Where nobody collects orphans, what is left of it is a zombie. The kernel may need a moment for either.
  const isGone = () => {
    try {
      return / Z /.test(readFileSync(child, 'utf8'))
    } catch {
      return true
    }
  }
  for (const until = Date.now() + 60_000; !isGone() && Date.now() < until; ) await new Promise(setImmediate)
  assert.ok(isGone())
  assert.deepEqual(readdirSync(files), [])
})

test('what a person must mend pauses the destination and says how', async () => {
  script('custom-norun', '#!/bin/sh\n', 0o640)
  script('custom-open', '#!/bin/sh\n', 0o777)
  script('custom-shared', '#!/bin/sh\n', 0o770)
  script('custom-nosuch', '#!/nowhere/python3\n')
  mkdirSync(join(home, 'integrations', 'custom-folder'))
  for (const [name, reason] of [
    ['custom-missing', /custom-missing does not exist$/],
    ['custom-norun', /not executable; .*chmod \+x /],
    ['custom-open', /writable .*chmod go-w /],
    ['custom-shared', /writable .*chmod go-w /],
    ['custom-nosuch', /interpreter.*\(ENOENT\)/],
    ['custom-folder', /is not a file/],
    ['custom-../x', /not a file name/],
  ] as const) {
    const { outcome } = await run(block({ name, api_key: 'secret-key' }))
    assert.equal(outcome.kind, 'paused', name)
    assert.match((outcome as { reason: string }).reason, reason)
  }
})

test('knows what integratord would refuse', () => {
  assert.equal(blockProblem(block()), undefined)
  assert.equal(blockProblem(block({ name: 'slack', hook_url: '' })), undefined)
  assert.match(blockProblem(block({ name: 'slack' }))!, /needs <hook_url>/)
  assert.match(blockProblem(block({ name: 'maltiverse', hook_url: 'x' }))!, /needs <api_key>/)
  assert.match(blockProblem(block({ name: 'mything' }))!, /begins with "custom-"/)
})

test('files that a kill left behind are found by their tag, others are left alone', () => {
  const folder = join(home, 'left')
  mkdirSync(folder)
  const kept = [
    new TempFiles(9, folder).write('custom-x', 'alert', 'x', now),
    join(folder, 'custom-x-1705314645-12345.txt'),
    join(folder, 'note.alert'),
  ]
  for (const path of kept.slice(1)) writeFileSync(path, '')
  const old = new TempFiles(0xfffe, folder)
  const left = [old.write('custom-x', 'alert', 'x', now), old.write('custom-y', 'options', 'x', now)]
  assert.match(left[0]!, /custom-x-1705314645--131072\.alert$/, 'half the numbers are negative, as in Wazuh')
  assert.equal(removeLeftovers([0xfffe, 3], folder), 2)
  assert.deepEqual(left.map(existsSync), [false, false])
  assert.deepEqual(kept.map(existsSync), [true, true, true])
})

test('a file that is there already is never written to', () => {
  const folder = join(home, 'taken')
  mkdirSync(folder)
  writeFileSync(join(folder, `custom-x-1705314645-${5 << 16}.alert`), 'theirs')
  const path = new TempFiles(5, folder).write('custom-x', 'alert', '\xe9', now)
  assert.equal(path, join(folder, `custom-x-1705314645-${(5 << 16) | 1}.alert`))
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual([...readFileSync(path)], [0xe9])
  assert.equal(readFileSync(join(folder, `custom-x-1705314645-${5 << 16}.alert`), 'utf8'), 'theirs')
})
