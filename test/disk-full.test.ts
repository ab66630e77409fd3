/** A full disk: reading stops, senders are told, nothing is lost, and all goes on by itself when there is room. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { main, makeHome, readAlerts, startOutrider, waitFor } from './support/outrider.ts'
import { startTarget } from './support/target.ts'
import { postGithub } from './support/webhooks.ts'

const skip =
  spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/tmp']).status !== 0 && 'needs user namespaces'

const files = {
  'seed/etc/rules/local_rules.xml': `<group name="local,">
  <rule id="100001" level="5"><match>outrider-test</match><description>test alert</description></rule>
  <rule id="100002" level="5"><match>outrider-block</match><description>blocks</description></rule>
</group>
`,
  // `date` once a second, so that a schedule, an event file and its cursor all meet the full disk.
  'seed/etc/ossec.conf': `<ossec_config>
  <localfile><log_format>syslog</log_format><location>../logs/*.log</location></localfile>
  <wodle name="command">
    <tag>clock</tag>
    <command>date</command>
    <interval>1s</interval>
    <run_on_start>yes</run_on_start>
    <ignore_output>no</ignore_output>
    <timeout>5</timeout>
  </wodle>
  <command><name>record</name><executable>record</executable><timeout_allowed>yes</timeout_allowed></command>
  <active-response><command>record</command><location>local</location><rules_id>100002</rules_id><timeout>2</timeout></active-response>
</ossec_config>
`,
  'seed/active-response/bin/record': { text: '#!/bin/sh\nread -r line\nexit 0\n', mode: 0o750 },
  'logs/one.log': '',
  'disk/.keep': '',
}

/** Writes until nothing more fits; returns how to make room again. */
function fill(folder: string): () => void {
  const path = join(folder, 'filler')
  const fd = openSync(path, 'w')
  for (const size of [65_536, 4096, 512, 1]) {
    try {
      for (;;) writeSync(fd, Buffer.alloc(size))
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
    }
  }
  closeSync(fd)
  assert.ok(statSync(path).size > 0)
  return () => rmSync(path)
}

test('a full disk stops nothing for good and loses nothing', { skip, timeout: 180_000 }, async (t) => {
  const target = await startTarget(t)
  const home = makeHome(t, {
    ...files,
    'seed/outrider.yaml': `listen: { port: 0 }
receivers:
  github: { type: github, secret: of the test }
destinations:
  target: { type: webhook, hook_url: ${target.url}/, rule_id: '100001,110303' }
responses: { enabled: true }
`,
  })
  const inside =
    'mount -t tmpfs -o size=4m none "$1/disk" && cp -r "$1/seed/." "$1/disk" && exec "$2" "$3" --home "$1/disk" up --json'
  const command = ['unshare', '-rm', 'sh', '-c', inside, 'sh', home, process.execPath, main]
  const outrider = await startOutrider(t, home, { command })
  // The small disk is mounted where only the daemon sees it.
  const disk = join('/proc', String(outrider.process.pid), 'root', home, 'disk')
  const log = (from: number, to: number, file = 'one') => {
    for (let n = from; n < to; n++) appendFileSync(join(home, `logs/${file}.log`), `outrider-test number=${n}\n`)
  }
  const numbers = () =>
    new Set(readAlerts(disk).flatMap(({ full_log }) => /test number=(\d+)/.exec(full_log ?? '')?.[1] ?? []))
  const arrived = () => new Set(target.taken.flatMap(({ body }) => /test number=(\d+)/.exec(body)?.[1] ?? []))
  const advisory = { action: 'published', security_advisory: { severity: 'critical', summary: 'x'.repeat(1000) } }
  let taken = 0
  const post = async () => {
    const { status } = await postGithub(`${outrider.url}/webhook/github`, 'of the test', advisory, 'security_advisory')
    if (status === 200) taken++
    return status
  }

  log(0, 10)
  await waitFor(async () => arrived().size === 10)
  assert.equal(await post(), 200)

  for (let round = 1; round <= 2; round++) {
    const before = outrider.log.length
    const makeRoom = fill(disk)
    log(round * 100, round * 100 + 20)
    log(round * 100 + 20, round * 100 + 30, `new-${round}`)
    appendFileSync(join(home, 'logs/one.log'), `outrider-block from 203.0.113.${round}\n`)
    await waitFor(async () => outrider.log.slice(before).some(({ message }) => message.includes('cannot be written')))
    // The last block of the file may have room for some.
    await waitFor(async () => (await post()) !== 200)
    assert.equal(await post(), 503, 'the sender is told to come again')
    assert.equal((await fetch(`${outrider.url}/healthz`)).status, 200)
    await outrider.api('GET', 'overview')

    makeRoom()
    const wanted = 10 + round * 30
    await waitFor(async () => arrived().size === wanted)
    assert.equal(numbers().size, wanted)
    assert.equal(await post(), 200)
    const advisories = () => readAlerts(disk).filter(({ rule }) => rule.id === '110303').length
    await waitFor(async () => advisories() >= taken)
  }
  assert.deepEqual(
    outrider.log.filter(({ message }) => /has stopped|unhandled/i.test(message)),
    [],
  )
  const complaints = outrider.log.filter(({ level }) => level === 'error' || level === 'warn')
  assert.ok(complaints.length < 60, `the log stays readable: ${complaints.length} complaints`)

  fill(disk)
  log(1000, 1010)
  const before = outrider.log.length
  await waitFor(async () => outrider.log.slice(before).some(({ message }) => message.includes('cannot be written')))
  const started = Date.now()
  assert.equal(await outrider.stop(), 0, 'it ends all the same')
  assert.ok(Date.now() - started < 60_000)
})
