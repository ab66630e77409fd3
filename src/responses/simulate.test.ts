import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { simulateScript } from './simulate.ts'

async function simulate(t: TestContext, script: string, deadline_ms = 5000) {
  const home = mkdtempSync(join(tmpdir(), 'outrider-simulate-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  mkdirSync(join(home, 'active-response', 'bin'), { recursive: true })
  mkdirSync(join(home, 'logs'))
  writeFileSync(join(home, 'active-response', 'bin', 'x'), script.replaceAll('/var/ossec', home), { mode: 0o755 })
  const { runs, findings } = await simulateScript({ home, executable: 'x', answer_ms: 200, deadline_ms })
  return { home, runs, findings, codes: findings.map(({ code }) => code).sort() }
}

/** A script in sh: `ask`, `add`, `delete` may be replaced to make it wrong in one way. */
function script(change: { ask?: string; add?: string; remove?: string; check?: string; act?: string } = {}): string {
  const {
    check = 'case $ip in *:*) tool=ip6tables;; [0-9]*.*.*.*) tool=iptables; case $ip in 999*) exit 1;; esac;; *) exit 1;; esac',
    ask = `echo '{"version":1,"origin":{"name":"x","module":"active-response"},"command":"check_keys","parameters":{"keys":["'$ip'"]}}'; read -r line`,
    act = 'case $line in *\'"command":"continue"\'*) ;; *) exit 0;; esac',
    add = '$tool -I INPUT -s "$ip" -j DROP',
    remove = '$tool -D INPUT -s "$ip" -j DROP',
  } = change
  return `#!/bin/sh
    read -r line
    ip=$(printf '%s' "$line" | sed 's/.*"srcip":"\\([^"]*\\)".*/\\1/')
    ${check}
    case $line in *'"command":"delete"'*) ${remove}; exit 0;; esac
    ${ask}
    ${act}
    ${add}`
}

test('finds nothing wrong with a script that is right, and shows the conversation', async (t) => {
  const { runs, findings } = await simulate(t, script())
  assert.deepEqual(findings, [])
  const [add, remove, again] = runs
  assert.deepEqual(add!.acts, ['iptables -I INPUT -s 203.0.113.50 -j DROP'])
  assert.deepEqual(remove!.acts, ['iptables -D INPUT -s 203.0.113.50 -j DROP'])
  assert.deepEqual(again!.acts, [])
  assert.deepEqual(
    add!.lines.map(({ from, text }) => `${from} ${/"command":"(\w+)"/.exec(text!)![1]}`),
    ['us add', 'script check_keys', 'us continue'],
  )
  assert.ok(add!.lines.every(({ at_ms }, n) => at_ms >= (add!.lines[n - 1]?.at_ms ?? 0)))
})

test('names each way of being wrong', async (t) => {
  for (const [name, wrong, expected] of [
    ['no handshake', script({ ask: '', act: '' }), ['no handshake']],
    [
      'prints before',
      script({ add: 'echo Starting; read -r line; $tool -I INPUT -s $ip -j DROP', ask: '', act: '' }),
      ['prints before'],
    ],
    [
      'no keys',
      script({
        ask: 'echo \'{"version":1,"origin":{},"command":"check_keys","parameters":{"keys":[]}}\'; read -r line',
      }),
      ['no keys'],
    ],
    ['ignores abort', script({ act: '' }), ['ignores abort']],
    [
      'acts before',
      script({ ask: `$tool -I FORWARD -s $ip -j DROP; ${script().split('\n')[5]!.trim()}` }),
      ['acts before'],
    ],
    ['never undoes', script({ remove: 'true' }), ['never undoes']],
    ['no ipv6', script({ check: 'case $ip in *:*|-*|n*|999*) exit 1;; esac; tool=iptables' }), ['no ipv6']],
    [
      'trusts address',
      script({ check: 'case $ip in *:*) tool=ip6tables;; *) tool=iptables;; esac' }),
      ['trusts address'],
    ],
    ['does nothing', script({ add: 'true' }), ['does nothing']],
    ['log format', `${script()}\necho "Blocked $ip" >> /var/ossec/logs/active-responses.log`, ['log format']],
    ['not started', '#!/no/such/interpreter\n', ['not started']],
  ] as const) {
    const { codes, findings } = await simulate(t, wrong)
    assert.deepEqual(codes, expected, `${name}: ${JSON.stringify(findings)}`)
  }
})

test('a script that hangs is ended and said so', async (t) => {
  const { codes } = await simulate(t, '#!/bin/sh\nread -r line\nexec sleep 1000\n', 500)
  assert.deepEqual(codes, ['hangs'])
})

test('a script that would reach a real tool is not run', async (t) => {
  const { runs, findings, home } = await simulate(t, '#!/bin/sh\n# iptables\ntouch ran\n/sbin/iptables -F\n')
  assert.deepEqual(runs, [])
  assert.equal(findings[0]!.message, 'it calls /sbin/iptables by its full path')
  assert.equal(existsSync(join(home, 'ran')), false)
})

const guide = new URL('../../../shared/seeds/guide.en.txt', import.meta.url)
const lacks = (...command: [string, ...string[]]) => spawnSync(command[0], command.slice(1)).status !== 0
const missing = !existsSync(guide)
  ? 'needs ../shared'
  : lacks('jq', '--version')
    ? 'needs jq'
    : lacks('python3', '-c', 'import requests')
      ? 'needs python3 with requests'
      : undefined

test('the two scripts of the guide fail for the right reasons', { skip: missing }, async (t) => {
  const text = readFileSync(guide, 'utf8')
  const cut = (from: string, to: string) => text.slice(text.indexOf(from), text.indexOf(`\n${to}`, text.indexOf(from)))
  const python = await simulate(t, cut('#!/usr/bin/env python3\n"""Custom Active Response', 'Bash Active Response'))
  assert.deepEqual(python.codes, ['log format', 'no handshake', 'reads to end', 'trusts address'])
  const [add, remove] = python.runs
  assert.deepEqual(add!.acts, ['request to https://firewall.example.com:443'])
  assert.deepEqual(remove!.acts, add!.acts)

  const bash = await simulate(t, cut('#!/bin/bash\n# Custom Active Response', 'Registering Active'))
  assert.deepEqual(bash.codes, ['log format', 'no handshake', 'no ipv6', 'trusts address'])
  assert.deepEqual(bash.runs[0]!.acts, ['iptables -I INPUT -s 203.0.113.50 -j DROP'])
  assert.deepEqual(bash.runs[1]!.acts, ['iptables -D INPUT -s 203.0.113.50 -j DROP'])
})
