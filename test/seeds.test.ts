/** The scripts of the guide, taken from it unchanged, run under a real `outrider up` whose home is /var/ossec (in namespaces of its own). */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { eventually, main, makeHome, projectRoot, readLines, startOutrider } from './support/outrider.ts'

const guide = join(projectRoot, '..', 'shared', 'seeds', 'guide.en.txt')

/** Why these tests cannot run here; undefined when they can. */
function missing(): string | undefined {
  if (!existsSync(guide)) return 'needs ../shared'
  for (const tool of ['unshare', 'nsenter', 'iptables', 'ip', 'jq', 'openssl', 'ss']) {
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) return `needs ${tool}`
  }
  if (spawnSync('python3', ['-c', 'import requests']).status !== 0) return 'needs python3 with requests'
  if (spawnSync('unshare', ['-rmn', 'true']).status !== 0) return 'needs user namespaces'
  return undefined
}

/** The text of one script: from its first line to the heading that follows it in the guide. */
function script(firstLines: string, heading: string): { text: string; mode: number } {
  const text = readFileSync(guide, 'utf8')
  const start = text.indexOf(firstLines)
  const end = text.indexOf(`\n${heading}`, start)
  assert.ok(start >= 0 && end > start, `the guide has changed: ${firstLines}`)
  return { text: text.slice(start, end), mode: 0o750 }
}

const ossecConf = `<ossec_config>
  <localfile>
    <log_format>syslog</log_format>
    <location>/var/ossec/auth.log</location>
  </localfile>

  <integration>
    <name>custom-myintegration</name>
    <hook_url>https://api.example.com/alerts</hook_url>
    <api_key>YOUR_API_KEY</api_key>
    <level>5</level>
    <alert_format>json</alert_format>
  </integration>

  <command>
    <name>custom-ar</name>
    <executable>custom-ar</executable>
    <timeout_allowed>yes</timeout_allowed>
  </command>
  <command>
    <name>custom-block</name>
    <executable>custom-block</executable>
    <timeout_allowed>yes</timeout_allowed>
  </command>
  <active-response>
    <command>custom-ar</command>
    <location>local</location>
    <rules_id>5710,5712</rules_id>
    <timeout>2</timeout>
  </active-response>
  <active-response>
    <command>custom-block</command>
    <location>local</location>
    <rules_id>5710,5712</rules_id>
    <timeout>2</timeout>
  </active-response>

  <wodle name="command">
    <disabled>no</disabled>
    <tag>system-audit</tag>
    <command>/var/ossec/wodles/custom-audit.sh</command>
    <interval>1h</interval>
    <ignore_output>no</ignore_output>
    <run_on_start>yes</run_on_start>
    <timeout>120</timeout>
  </wodle>
</ossec_config>
`

// /var/ossec is the test's folder, firewall.example.com is this machine; nobody outside of the namespaces sees either.
const insideNamespaces = `
mount -t tmpfs none /var && mkdir -p /var/ossec /var/tmp /var/log && mount --bind "$1" /var/ossec
mount --bind "$1/hosts" /etc/hosts
ip link set lo up
"$2" "$1/firewall-api.mjs" "$1" </dev/null >/dev/null 2>&1 &
exec "$2" "$3" --home /var/ossec up --json
`

// The REST firewall of the guide, and a connection of a root process for the wodle to find.
const firewallApi = `
import { appendFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { connect } from 'node:net'
const folder = process.argv[2]
const tls = { key: readFileSync(folder + '/key.pem'), cert: readFileSync(folder + '/cert.pem') }
createServer(tls, (request, response) => {
  let body = ''
  request.on('data', (part) => (body += part))
  request.on('end', () => {
    const { method, url, headers } = request
    appendFileSync(folder + '/firewall.ndjson', JSON.stringify({ method, url, token: headers.authorization, body }) + '\\n')
    response.end('{}')
  })
}).listen(443, '127.0.0.1', () => connect(443, '127.0.0.1', () => appendFileSync(folder + '/connected', '')))
// Orphaned: the daemon beside it has ended.
const parent = process.ppid
setInterval(() => process.ppid === parent || process.exit(), 100)
`

async function setUp(t: TestContext) {
  const home = makeHome(t, {
    'etc/ossec.conf': ossecConf,
    'outrider.yaml': 'responses:\n  enabled: true\n',
    'auth.log': '',
    'logs/integrations.log': '',
    'logs/active-responses.log': '',
    hosts: '127.0.0.1 localhost firewall.example.com\n',
    'firewall-api.mjs': firewallApi,
    'integrations/custom-myintegration': script(
      '#!/usr/bin/env python3\n"""Template for a custom Wazuh',
      'Installation and',
    ),
    'active-response/bin/custom-ar': script(
      '#!/usr/bin/env python3\n"""Custom Active Response',
      'Bash Active Response',
    ),
    'active-response/bin/custom-block': script('#!/bin/bash\n# Custom Active Response', 'Registering Active'),
    'wodles/custom-audit.sh': script('#!/bin/bash\n# Custom wodle', 'Rules for Wodle'),
  })
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=firewall.example.com'],
      ...[
        '-addext',
        'subjectAltName=DNS:firewall.example.com',
        '-keyout',
        join(home, 'key.pem'),
        '-out',
        join(home, 'cert.pem'),
      ],
    ],
    { stdio: 'ignore' },
  )
  const command = ['unshare', '-rmn', 'sh', '-c', insideNamespaces, 'sh', home, process.execPath, main]
  const outrider = await startOutrider(t, home, { command, env: { REQUESTS_CA_BUNDLE: '/var/ossec/cert.pem' } })
  const read = (file: string) => (existsSync(join(home, file)) ? readFileSync(join(home, file), 'utf8') : '')
  const rules = () =>
    spawnSync(
      'nsenter',
      ['-t', String(outrider.process.pid), '-U', '-n', '--preserve-credentials', 'iptables', '-S', 'INPUT'],
      {
        encoding: 'utf8',
      },
    ).stdout
  return { home, outrider, read, rules }
}

test('the scripts of the guide do what the guide says', { skip: missing(), timeout: 180_000 }, async (t) => {
  const { home, outrider, read, rules } = await setUp(t)
  appendFileSync(
    join(home, 'auth.log'),
    'Jan 15 10:30:45 web sshd[12345]: Failed password for invalid user admin from 203.0.113.50 port 54321 ssh2\n',
  )

  await t.test('the integration template logs the alert', async () => {
    await eventually(home, () => /Processing alert: rule=5710 level=5 agent=/.test(read('logs/integrations.log')))
  })

  const calls = () => readLines(home, 'firewall.ndjson').map((line) => JSON.parse(line))
  await t.test(
    'the Python response, which reads stdin to its end, blocks through the firewall API and unblocks',
    async () => {
      const [block] = await eventually(home, () => (calls().length > 0 ? calls() : undefined))
      assert.deepEqual([block.method, block.url, block.token], ['POST', '/api/rules', 'Bearer YOUR_TOKEN'])
      assert.equal(JSON.parse(block.body).source, '203.0.113.50')
      await eventually(home, () =>
        calls().some((call) => call.method === 'DELETE' && call.url === '/api/rules/203.0.113.50'),
      )
    },
  )

  await t.test('the Bash response, which answers nothing, blocks with iptables and is undone', async () => {
    await eventually(home, () => read('logs/active-responses.log').includes('Blocked IP: 203.0.113.50'))
    await eventually(home, () => read('logs/active-responses.log').includes('Unblocked IP: 203.0.113.50'))
    assert.doesNotMatch(rules(), /203\.0\.113\.50/)
  })

  await t.test('the wodle finds the connection of a root process, and its events become alerts', async () => {
    const event = await eventually(home, () =>
      readLines(home, 'queue/events/command_system-audit').find((line) => line.includes('"local_addr":"127.0.0.1:')),
    )
    assert.equal(JSON.parse(event).user, 'root')
  })

  assert.equal(await outrider.stop(), 0)
})
