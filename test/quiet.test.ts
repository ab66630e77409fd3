/** Fewer messages, and none lost: digest, storm and the end of incidents, with a daemon that is killed. */
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Alert } from '../src/alert.ts'
import { eventually, makeHome, readAlerts, startOutrider, waitFor } from './support/outrider.ts'
import { startTarget, type Taken } from './support/target.ts'

const limits = { timeout: 180_000 }

const rules = `<group name="local,">
  <rule id="100001" level="5"><match>outrider-test</match><description>test alert</description></rule>
  <rule id="100002" level="5"><match>outrider-well</match><description>all is well</description></rule>
</group>
`
const localfile = '<localfile><log_format>syslog</log_format><location>in.log</location></localfile>'
const only = `where: 'rule.id == "100001"'`
const lineOf = (word: string, n: number) => `Jan 15 10:30:45 web app[1]: outrider-${word} number=${n}\n`
const summaryOf = ({ body }: Taken) =>
  (JSON.parse(body) as { data?: { summary?: Record<string, string> } }).data?.summary
const numberOf = ({ body }: Taken) => Number(/number=(\d+)/.exec((JSON.parse(body) as Alert).full_log ?? '')?.[1])

test('a digest and the summaries of a storm tell of every alert, over kills', limits, async (t) => {
  const target = await startTarget(t)
  const settings = (digest: string) => `listen: { port: 0 }
destinations:
  digest: { type: webhook, hook_url: ${target.url}/digest, ${only}${digest} }
  storm: { type: webhook, hook_url: ${target.url}/storm, ${only}, storm: { alerts: 5, within: 2s } }
`
  const home = makeHome(t, {
    'etc/ossec.conf': `<ossec_config>${localfile}</ossec_config>\n`,
    'etc/rules/local_rules.xml': rules,
    'in.log': '',
    'outrider.yaml': settings(', digest: 1h'),
  })
  const at = (path: string) => target.taken.filter((one) => one.path === path)
  const told = (path: string) => at(path).reduce((sum, one) => sum + Number(summaryOf(one)?.alerts ?? 0), 0)
  const kinds = () => at('/storm').flatMap((one) => summaryOf(one)?.kind ?? [])

  let written = 0
  const write = (count: number) => {
    for (let n = 0; n < count; n++) appendFileSync(join(home, 'in.log'), lineOf('test', written++))
  }
  for (const count of [40, 30, 30]) {
    const outrider = await startOutrider(t, home)
    write(count)
    await eventually(home, () => readAlerts(home).filter(({ rule }) => rule.id === '100001').length >= written)
    await waitFor(async () => {
      const { destinations } = await outrider.api<{ destinations: { lag_bytes: number }[] }>('GET', 'destinations')
      return destinations.every(({ lag_bytes }) => lag_bytes === 0)
    })
    await outrider.kill()
  }
  assert.equal(at('/digest').length, 0, 'its hour is not over')
  assert.ok(kinds().includes('storm begins'))

  // Without the setting, what was counted is told at once.
  writeFileSync(join(home, 'outrider.yaml'), settings(''))
  const last = await startOutrider(t, home)
  await eventually(home, () => told('/digest') >= 100)
  await eventually(home, () => kinds().at(-1) === 'storm is over')
  await last.logged(({ message }) =>
    /^storm: the storm is over after \d+ s: summaries told of \d+ alerts$/.test(message),
  )
  const single = new Set(
    at('/storm')
      .map(numberOf)
      .filter((n) => !Number.isNaN(n)),
  ).size
  assert.ok(single >= 5 && single < 50, `${single} came by themselves`)
  assert.ok(single + told('/storm') >= 100, `${single} by themselves, ${told('/storm')} in summaries`)
  t.diagnostic(
    `of 100 alerts the digest told of ${told('/digest')}; ${single} came before and after storms, ${told('/storm')} in summaries`,
  )
  assert.equal(await last.stop(), 0)
})

const blockScript = `#!/bin/sh
read -r line
command=$(printf '%s' "$line" | sed 's/.*"command":"\\([a-z]*\\)".*/\\1/')
if [ "$command" = add ]; then
  echo '{"version":1,"origin":{"name":"record","module":"active-response"},"command":"check_keys","parameters":{"keys":["203.0.113.9"]}}'
  read -r answer
fi
echo "$command" >> record.txt
`

test(
  'incidents end with the block of their alert and by a rule, also when the daemon was killed meanwhile',
  limits,
  async (t) => {
    const target = await startTarget(t, () => ({ status: 202, body: '{"status":"success","dedup_key":"k"}' }))
    const home = makeHome(t, {
      'etc/ossec.conf': `<ossec_config>${localfile}
  <command><name>record</name><executable>record</executable><timeout_allowed>yes</timeout_allowed></command>
  <active-response><command>record</command><location>local</location><rules_id>100001</rules_id><timeout>3</timeout></active-response>
</ossec_config>
`,
      'etc/rules/local_rules.xml': rules,
      'active-response/bin/record': { text: blockScript, mode: 0o750 },
      'in.log': '',
      'outrider.yaml': `listen: { port: 0 }
responses: { enabled: true }
destinations:
  block: { type: pagerduty, hook_url: ${target.url}/block, api_key: k, ${only}, group_by: [rule.id], resolve_after: 1d, resolve_with_block: true }
  rule: { type: pagerduty, hook_url: ${target.url}/rule, api_key: k, ${only}, group_by: [agent.id], resolve_on: 'rule.id == "100002"' }
`,
    })
    const at = (path: string) =>
      target.taken.filter((one) => one.path === path).map(({ body }) => JSON.parse(body) as Record<string, string>)
    const actions = (path: string) => at(path).map(({ event_action }) => event_action)
    const record = () => readFileSync(join(home, 'record.txt'), { encoding: 'utf8', flag: 'a+' }).trim().split('\n')

    const first = await startOutrider(t, home)
    appendFileSync(join(home, 'in.log'), lineOf('test', 1))
    await eventually(home, () => record().includes('add') && actions('/block').length + actions('/rule').length === 2)
    await first.kill()
    appendFileSync(join(home, 'in.log'), lineOf('well', 2))

    const second = await startOutrider(t, home)
    await eventually(home, () => record().includes('delete'))
    await eventually(home, () => actions('/block').includes('resolve') && actions('/rule').includes('resolve'))
    for (const path of ['/block', '/rule']) {
      // Its first message may have been made once more after the kill.
      assert.deepEqual([...new Set(actions(path))], ['trigger', 'resolve'])
      assert.equal(actions(path).at(-1), 'resolve')
      assert.equal(new Set(at(path).map(({ dedup_key }) => dedup_key)).size, 1)
    }
    assert.equal(await second.stop(), 0)
  },
)
