// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in texts are what is tested
/** Keys and tokens of the configuration are in no output, log, answer or message, whatever fails. */
import assert from 'node:assert/strict'
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeHome, readAlerts, runOutrider, startOutrider, waitFor } from './support/outrider.ts'
import { startTarget } from './support/target.ts'
import { postGithub } from './support/webhooks.ts'

const secrets = {
  api_key: 'literal/Api+Key"äöü"1',
  hook_path: 'services/T0123/B0123/hookTokenOfTheScript',
  env_path: 'environmentToken+of/slack==',
  env_option: 'environment "option" of the script',
  file_token: 'fileToken-of-splunk-0123456789',
  password: 'passw0rd-in-the-url',
  query: 'queryTokenInTheUrl0123456789',
  literal: 'literalTokenInAWrongUrl0123456789',
  receiver: 'receiverSecret&of#the test',
  wrong_env: 'environmentTokenInAWrongPlace',
}

const failingScript = `#!/bin/sh
echo "arguments: $@"
echo "options: $(cat "$7" 2>/dev/null)" >&2
echo "cannot send with $2 to $3"
exit 1
`

/** As it is, in URLs, in JSON, in base64. */
function formsOf(secret: string): string[] {
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
  ]
  return [...new Set(forms.map((form) => form.replace(/=+$/, '')))]
}

function assertHidden(where: string, text: string): void {
  for (const [name, secret] of Object.entries(secrets)) {
    for (const form of formsOf(secret)) {
      const at = text.indexOf(form)
      assert.ok(at < 0, `${where} shows ${name}: …${text.slice(Math.max(0, at - 100), at + form.length + 20)}…`)
    }
  }
}

test('secrets are hidden in every output, log, answer and message', { timeout: 180_000 }, async (t) => {
  // Says back all that it was told, as some servers do in their error pages.
  const target = await startTarget(t, ({ path, headers, body }) => ({
    status: path.startsWith('/rejects') || path.includes('services') ? 403 : 500,
    body: JSON.stringify({ error: 'not allowed', path, headers, body }),
  }))
  const closed = await startTarget(t)
  closed.server.close()
  const home = makeHome(t, {
    'etc/ossec.conf': `<ossec_config>
  <localfile><log_format>syslog</log_format><location>in.log</location></localfile>
  <integration>
    <name>custom-failing</name>
    <hook_url>${target.url}/${secrets.hook_path}</hook_url>
    <api_key>${secrets.api_key}</api_key>
    <options>{"password": "\${env:OUTRIDER_TEST_OPTION}"}</options>
    <alert_format>json</alert_format>
  </integration>
</ossec_config>
`,
    'etc/rules/local_rules.xml':
      '<group name="local,">\n<rule id="100001" level="5"><match>outrider-test</match><description>x</description></rule>\n</group>\n',
    'etc/splunk.token': { text: `${secrets.file_token}\n`, mode: 0o600 },
    'etc/receiver.secret': { text: secrets.receiver, mode: 0o600 },
    'integrations/custom-failing': { text: failingScript, mode: 0o750 },
    'in.log': '',
    'outrider.yaml': `listen: { port: 0 }
destinations:
  slack: { type: slack, hook_url: "\${env:OUTRIDER_TEST_SLACK}" }
  splunk: { type: splunk-hec, hook_url: ${target.url}, api_key: "\${file:etc/splunk.token}" }
  url: { type: webhook, hook_url: "${closed.url.replace('//', `//user:${secrets.password}@`)}/x?token=${secrets.query}" }
  wrong: { type: slack, hook_url: hooks.slack.example/${secrets.literal} }
  placed: { type: slack, hook_url: https://hooks.slack.example/, level: "\${env:OUTRIDER_TEST_WRONG}" }
receivers:
  github: { type: github, secret: "\${file:etc/receiver.secret}" }
`,
  })
  const env = {
    OUTRIDER_LOG: 'debug',
    OUTRIDER_TEST_SLACK: `${target.url}/rejects/${secrets.env_path}`,
    OUTRIDER_TEST_OPTION: secrets.env_option,
    OUTRIDER_TEST_WRONG: secrets.wrong_env,
  }
  const outrider = await startOutrider(t, home, { env })
  appendFileSync(join(home, 'in.log'), 'outrider-test\n')
  assert.equal((await postGithub(`${outrider.url}/webhook/github`, 'no', {}, 'push')).status, 401)
  const signed = await postGithub(`${outrider.url}/webhook/github`, secrets.receiver, { action: 'x' }, 'push')
  assert.equal(signed.status, 200)

  // All of them fail, and say why.
  interface Delivery {
    id: string
    destination: string
    reason: string
  }
  const names = ['custom-failing', 'slack', 'splunk', 'url']
  const deliveries = await waitFor(async () => {
    const { deliveries } = await outrider.api<{ deliveries: Delivery[] }>('GET', 'deliveries')
    const all = names.every((name) => deliveries.some(({ destination }) => destination === name))
    return all && deliveries
  })

  const answers = [
    'overview',
    'status',
    'problems',
    'inputs',
    'destinations',
    'deliveries',
    'blocks',
    'refusals',
    'alerts',
    'engine',
  ]
  for (const path of [...answers, ...deliveries.map(({ id }) => `deliveries/${id}`)])
    assertHidden(`GET ${path}`, JSON.stringify(await outrider.api('GET', path)))

  for (const name of names) {
    const { id } = deliveries.find(({ destination }) => destination === name)!
    const { stdout, stderr, code } = await runOutrider(home, ['deliveries', 'show', id], { env })
    assert.equal(code, 0)
    assert.match(stdout, /\*\*\*/, `${name}: what is hidden can be seen to be hidden`)
    assertHidden(`deliveries show (${name})`, stdout + stderr)
  }
  const alert = readAlerts(home).find(({ rule }) => rule.id === '100001')!
  writeFileSync(join(home, 'alert.json'), JSON.stringify(alert))
  for (const args of [
    ...names.map((name) => ['try', 'destination', name, '--alert', join(home, 'alert.json'), '--send']),
    ['try', 'destination', 'custom-failing', '--alert', join(home, 'alert.json'), '--json'],
    ['alerts', 'explain', alert.id!],
    ['alerts', 'explain', alert.id!, '--json'],
    ['deliveries', 'show', deliveries[0]!.id, '--json'],
    ['deliveries', 'list'],
    ['deliveries', 'list', '--json'],
    ['send', 'github'],
    ['send', 'github', '--print'],
    ['send', 'nowhere'],
  ]) {
    const { stdout, stderr } = await runOutrider(home, args, { env })
    assert.notEqual(stdout + stderr, '')
    assertHidden(`outrider ${args.join(' ')}`, stdout + stderr)
  }
  assert.equal(await outrider.stop(), 0)

  assertHidden('the output', outrider.output())
  assert.match(outrider.output(), /destinations\.wrong\.hook_url: not a URL/)
  assert.match(outrider.output(), /destinations\.placed\.level/)
  for (const folder of ['logs', 'queue']) {
    for (const name of readdirSync(join(home, folder), { recursive: true, encoding: 'utf8' })) {
      const path = join(home, folder, name)
      if (statSync(path).isFile()) assertHidden(join(folder, name), readFileSync(path, 'utf8'))
    }
  }
  for (const name of readdirSync(home).filter((name) => name.startsWith('state.db')))
    assertHidden(name, readFileSync(join(home, name), 'utf8'))

  writeFileSync(join(home, 'outrider.yaml'), 'listen: { port: 0, host: "${env:OUTRIDER_TEST_WRONG}" }\n')
  const refused = await runOutrider(home, ['up'], { env })
  assert.equal(refused.code, 2)
  assertHidden('the message of a refused start', refused.stdout + refused.stderr)
})
