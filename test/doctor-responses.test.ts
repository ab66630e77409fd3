/** What the daemon has seen of scripts is told by doctor, whether the daemon runs or not. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Block } from '../src/api/parts.ts'
import { makeHome, runOutrider, startOutrider, waitFor } from './support/outrider.ts'

const keys = `'{"version":1,"origin":{"name":"x","module":"active-response"},"command":"check_keys","parameters":{"keys":["k"]}}'`
const scripts = {
  polite: `#!/bin/sh\nread -r line; case $line in *delete*) exit;; esac; echo ${keys}; read -r line\n`,
  greedy: '#!/bin/sh\ncat > /dev/null\n',
  silent: '#!/bin/sh\nread -r line\n',
  chatty: '#!/bin/sh\nread -r line; echo Starting; read -r line\n',
  unused: '#!/bin/sh\nread -r line\n',
}

test('doctor names scripts that read to the end, print nothing, or print something else first', async (t) => {
  const blocks = Object.keys(scripts).map(
    (
      name,
    ) => `<command><name>${name}</name><executable>${name}</executable><timeout_allowed>yes</timeout_allowed></command>
  <active-response><command>${name}</command><location>local</location><level>16</level><timeout>600</timeout></active-response>`,
  )
  const files = Object.entries(scripts).map(([name, text]) => [`active-response/bin/${name}`, { text, mode: 0o750 }])
  const home = makeHome(t, {
    ...Object.fromEntries(files),
    'etc/ossec.conf': `<ossec_config>\n${blocks.join('\n')}\n</ossec_config>\n`,
    'outrider.yaml': 'listen: { port: 0 }\nresponses: { enabled: true, answer: 0.3 }\n',
  })
  const before = await runOutrider(home, ['doctor', 'responses'])
  assert.equal(before.code, 0, before.stderr)
  assert.match(before.stdout, /polite: has not run yet[\s\S]*0 scripts were seen, 0 faults\n$/)

  const outrider = await startOutrider(t, home)
  const ran = Object.keys(scripts).filter((name) => name !== 'unused')
  for (const name of ran)
    await outrider.api('POST', 'blocks', { response: name, key: '203.0.113.7', seconds: 600, reason: 'test' })
  await waitFor(async () => {
    const { blocks } = await outrider.api<{ blocks: Block[] }>('GET', 'blocks')
    return blocks.filter(({ state }) => state === 'in force').length === ran.length
  })
  const running = await runOutrider(home, ['doctor', 'responses'])
  assert.equal(await outrider.stop(), 0)
  const stopped = await runOutrider(home, ['doctor', 'responses', '--json'])
  assert.deepEqual([running.code, stopped.code], [1, 1])
  assert.match(running.stdout, /^error: active-response\/bin\/greedy: reads its input to the end/m)
  assert.match(running.stdout, /Wazuh: the script and execd wait for each other for ever/)
  assert.match(running.stdout, /unused: has not run yet\n {2}hint: outrider try response unused/)
  assert.match(running.stdout, /4 scripts were seen, 4 faults\n$/)
  const { findings, unseen } = JSON.parse(stopped.stdout) as {
    findings: { program: string; message: string }[]
    unseen: string[]
  }
  assert.deepEqual(unseen, ['unused'])
  assert.deepEqual(
    findings.map(({ program, message }) => [program.split('/').at(-1), message.split(' ').slice(0, 2).join(' ')]),
    [
      ['chatty', 'prints something'],
      ['greedy', 'reads its'],
      ['greedy', 'prints nothing'],
      ['silent', 'prints nothing'],
    ],
  )
})

test('doctor without a home says so', async (t) => {
  const none = await runOutrider(join(makeHome(t), 'nowhere'), ['doctor', 'responses'])
  assert.deepEqual([none.code, none.stdout], [2, ''])
  assert.match(none.stderr, /nowhere" does not exist\n {2}hint: name the folder with --home/)
})
