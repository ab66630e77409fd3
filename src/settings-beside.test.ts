import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lines, read } from './settings-testing.ts'

const conf = (names: string[], disabled = 'no') => `<ossec_config>
${names
  .map((name) => {
    return `<command><name>${name}-it</name><executable>${name}</executable><timeout_allowed>yes</timeout_allowed></command>
<active-response><disabled>${disabled}</disabled><command>${name}-it</command><location>local</location><rules_id>5712</rules_id></active-response>`
  })
  .join('\n')}
</ossec_config>
`
const yaml =
  'engine: beside\nalerts: /w/logs/alerts/alerts.json\nresponses: { enabled: true, options: { remote: { token: a-token } } }\n'
const own = '/o/etc/ossec.conf'
const theirs = '/w/etc/ossec.conf'

test('beside a Wazuh that runs the same responses there is one warning', async () => {
  const config = await read(yaml, { [own]: conf(['drop', 'remote']), [theirs]: conf(['remote', 'drop', 'other']) })
  assert.deepEqual(lines(config), [
    'etc/ossec.conf:3 warning: execd of the Wazuh beside acts as well: /w/etc/ossec.conf has "drop", "remote" too -> give Outrider other responses than it has, in a file of its own that ossec_conf names',
  ])
  const same = await read(`${yaml}ossec_conf: [${theirs}]\n`, { [theirs]: conf(['drop']) })
  assert.match(lines(same)[0]!, /^\/w\/etc\/ossec\.conf:3 warning: execd .* has "drop" too/)
})

test('there is none where only one of the two acts', async () => {
  const both = { [own]: conf(['drop']), [theirs]: conf(['drop']) }
  for (const [text, given] of [
    [yaml, { ...both, [theirs]: conf(['remote']) }],
    [yaml, { ...both, [theirs]: conf(['drop'], 'yes') }],
    [yaml, { ...both, [own]: conf(['drop'], 'yes') }],
    [yaml, { [own]: conf(['drop']) }],
    [yaml.replace('enabled: true', 'enabled: false'), both],
    ['responses: { enabled: true }\n', both],
  ] as const)
    assert.deepEqual(lines(await read(text, given)), [], text)
})
