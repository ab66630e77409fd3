// Scripts on another machine, over a real sshd.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { Alert } from '../alert.ts'
import type { HostSetting } from '../config.ts'
import { failureOf } from '../inputs/process.ts'
import { listen } from '../testing/listen.ts'
import { awaitMark, hostOf, judgeSsh, sshArgv } from './ssh.ts'
import { lacksSshd, startSshd, type TestSshd } from './sshd-testing.ts'
import { type Bench, type BenchOptions, bench, block, command } from './test-kit.ts'

const note =
  'note() { printf "%s\\n" "$1" | sed -n \'s/.*"command":"\\([a-z]*\\)".*"srcip":"\\([^"]*\\)".*/\\1 \\2/p\' >> log; }'
const answer = `printf '{"version":1,"origin":{"name":"x","module":"active-response"},"command":"check_keys","parameters":{"keys":["%s"]}}\\n' "$ip"`
const scripts = {
  polite: `#!/bin/sh
${note}
read -r line; note "$line"
case $line in *'"command":"delete"'*) exit 0;; esac
ip=$(printf '%s' "$line" | sed 's/.*"srcip":"\\([^"]*\\)".*/\\1/')
${answer}
read -r line; note "$line"
`,
  greedy: `#!/bin/sh\n${note}\nnote "$(cat)"\n`,
  old: '#!/bin/sh\nfor word in "$0" "$@"; do printf "%s\\n" "[$word]" >> log; done; cat >> log\n',
  modern: `#!/bin/sh
read -r line; printf '%s\\n' "$line" | sed 's/.*"command":"\\([a-z]*\\)".*/\\1/' >> log
case $line in *disable*) exit 0;; esac
ip=203.0.113.5; ${answer}
read -r line; printf '%s\\n' "$line" | sed 's/.*"command":"\\([a-z]*\\)".*/\\1/' >> log
`,
  failing: '#!/bin/sh\nread -r line; case $line in *delete*) exit 0;; esac; echo "no such table" >&2; exit 3\n',
  sleeping: '#!/bin/sh\necho "$$" >> pids; exec sleep 1000\n',
}

const agent = { id: '001', name: 'web-1' }
const location = { server: false, local: true, defined: false, all: false }

interface Remote extends Bench {
  sshd: TestSshd
  said(): string[]
  tell(data: Record<string, unknown>, change?: Partial<Alert>): Promise<void>
}

async function remote(
  t: TestContext,
  name: string,
  options: BenchOptions = {},
  change: Partial<HostSetting> = {},
): Promise<Remote> {
  const sshd = await startSshd(t, scripts, change)
  const bed = await bench(t, {
    commands: [command(name), command('file-drop')],
    responses: [block(name)],
    hosts: [sshd.host],
    tuning: { answer_ms: 50 },
    ...options,
  })
  return { ...bed, sshd, said: () => sshd.lines('log'), tell: (data, other) => tell(bed, data, other) }
}

async function tell({ responder, state }: Bench, data: Record<string, unknown>, change: Partial<Alert> = {}) {
  const rule = { level: 10, description: 'brute force', id: '5712', groups: ['sshd'] }
  const { intents } = responder.plan({ timestamp: '', rule, id: '1.1', agent, data, ...change })
  state.transaction(() => responder.record(intents))
  responder.kick()
  await responder.settled()
}

const standing = ({ responder }: Bench) => responder.list().map(({ key, host, state }) => ({ key, host, state }))

describe('a script on another host', { skip: lacksSshd }, () => {
  test('is spoken with as here, for an alert of that agent, and undone after the timeout', async (t) => {
    const bed = await remote(t, 'polite')
    await bed.tell({ srcip: '203.0.113.5' })
    assert.deepEqual(standing(bed), [{ key: '203.0.113.5', host: 'web-1', state: 'in force' }])
    assert.deepEqual(bed.said(), ['add 203.0.113.5', 'continue 203.0.113.5'])
    await bed.tell({ srcip: '203.0.113.5' })
    assert.deepEqual(bed.said().slice(2), ['add 203.0.113.5', 'abort 203.0.113.5'])
    await bed.pass(600)
    assert.deepEqual(bed.said().slice(4), ['delete 203.0.113.5'])
    assert.deepEqual(standing(bed), [])
    assert.deepEqual(
      bed.responder.history(5).map(({ host, state, target }) => [host, state, target]),
      [
        ['web-1', 'ended', '203.0.113.5'],
        ['web-1', 'ended', '203.0.113.5'],
      ],
    )
  })

  test('runs where location says: the agent of the alert, a defined one, every one; else nowhere, with the reason', async (t) => {
    const sshd = await startSshd(t, scripts)
    const hosts = [sshd.host, { ...sshd.host, name: 'db-1', agent: 'db-1' }]
    const places = async (change: Parameters<typeof block>[1], alert: Partial<Alert> = {}) => {
      const bed = await bench(t, { commands: [command('polite')], responses: [block('polite', change)], hosts })
      const rule = { level: 10, description: '', id: '5712', groups: [] }
      const whole = { timestamp: '', rule, id: '1.1', agent, data: { srcip: '203.0.113.5' }, ...alert }
      const { intents, skipped } = bed.responder.plan(whole)
      return [...intents.map(({ host }) => host), ...skipped.map(({ reason }) => reason)]
    }
    assert.deepEqual(await places({}), ['web-1'])
    assert.deepEqual(await places({}, { agent: { id: '7', name: 'db-1' } }), ['db-1'])
    const defined = { ...location, local: false, defined: true }
    assert.deepEqual(await places({ location: defined, agent_id: '1' }), ['web-1'])
    assert.deepEqual(await places({ location: { ...location, all: true } }), ['web-1', 'db-1'])
    const unknown = ['its location is agent 9 (mail), and it is not among the hosts in outrider.yaml']
    assert.deepEqual(await places({}, { agent: { id: '9', name: 'mail' } }), unknown)
  })

  test('may read its input to the end, and may say nothing', async (t) => {
    const bed = await remote(t, 'greedy')
    await bed.tell({ srcip: '203.0.113.5' })
    assert.deepEqual(standing(bed), [{ key: '203.0.113.5', host: 'web-1', state: 'in force' }])
    await bed.pass(600)
    assert.deepEqual(bed.said(), ['add 203.0.113.5', 'delete 203.0.113.5'])
  })

  test("gets OSSEC's arguments as they are, whatever stands in them", async (t) => {
    const old = { settings: { dialect: { old: 'ossec' } }, commands: [command('old')], responses: [block('old')] }
    const bed = await remote(t, 'old', old as BenchOptions)
    // The gate of Wazuh lets no such address or user pass; a location may hold anything.
    const hostile = `/var/log/$(touch pwned);\`touch pwned\` 'a" \\ | é & x\ny`
    await bed.tell({ srcip: '203.0.113.5' }, { location: hostile })
    const args = ['-', '203.0.113.5', '1.1', '5712', hostile.replace('\n', ' '), '-'].map((arg) => `[${arg}]`)
    assert.deepEqual(bed.said(), ['[active-response/bin/old]', '[add]', ...args])
    assert.deepEqual(bed.sshd.lines('pwned'), [])
    await bed.pass(600)
    assert.deepEqual(bed.said().slice(9, 10), ['[delete]'])
  })

  test('hears enable and disable when it was written for Wazuh 5', async (t) => {
    const bed = await remote(t, 'modern', { settings: { dialect: { modern: 'wazuh5' } } })
    await bed.tell({ srcip: '203.0.113.5' })
    await bed.pass(600)
    assert.deepEqual(bed.said(), ['enable', 'continue', 'disable'])
  })

  test('an alert cannot speak to the shells on the way', async (t) => {
    const bed = await remote(t, 'polite')
    const hostile = `'; touch pwned; $(touch pwned) \`touch pwned\` "\n`
    await bed.tell({ srcip: '203.0.113.5', nasty: hostile }, { full_log: hostile, location: hostile })
    assert.equal(standing(bed).length, 1)
    assert.deepEqual(bed.sshd.lines('pwned'), [])
  })

  test('what it said when it failed stands in the lease; the block is undone on time all the same', async (t) => {
    const bed = await remote(t, 'failing')
    await bed.tell({ srcip: '203.0.113.5' })
    assert.match(bed.responder.list()[0]!.reason!, /^exit code 3: no such table; nobody knows how far it came$/)
    await bed.pass(600)
    assert.deepEqual(standing(bed), [])
  })

  test('one that hangs is ended on the other side, too', async (t) => {
    const bed = await remote(t, 'sleeping', { settings: { deadline: 1 } })
    await bed.tell({ srcip: '203.0.113.5' })
    assert.match(bed.responder.list()[0]!.reason!, /^not done in time, stopped.*; nobody knows/)
    const [pid] = bed.sshd.lines('pids')
    assert.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' })
  })

  test('one that is not there, or a home that is not, fails at once, with what to mend', async (t) => {
    const bed = await remote(t, 'absent')
    await bed.tell({ srcip: '203.0.113.5' })
    const [{ state, reason } = { state: '', reason: '' }] = bed.responder.list()
    assert.equal(state, 'failed')
    assert.equal(reason, 'web-1: active-response/bin/absent is not there, or may not be run')
  })

  test('by hand: add with a host, and remove', async (t) => {
    const bed = await remote(t, 'polite')
    const wish = { response: 'polite', key: '203.0.113.5', seconds: 600, reason: 'test', by: 'me' }
    const added = bed.responder.add({ ...wish, host: 'web-1' })
    await bed.responder.settled()
    assert.ok(added.ok)
    assert.deepEqual(bed.said(), ['add 203.0.113.5', 'continue 203.0.113.5'])
    assert.deepEqual(bed.responder.remove(added.value.id, { reason: 'wrong', by: 'me' }), { ok: true, value: {} })
    await bed.responder.settled()
    assert.deepEqual(bed.said().slice(2), ['delete 203.0.113.5'])
    const unknown = bed.responder.add({ ...wish, host: 'nowhere' })
    assert.deepEqual(unknown, { ok: false, status: 400, error: 'there is no host "nowhere"; known are web-1' })
  })

  test('the guards are asked; the way to the hosts is one of them', async (t) => {
    const bed = await remote(t, 'polite', { settings: { never: ['203.0.113.9'] } })
    await bed.tell({ srcip: '203.0.113.9' })
    const other = { ...bed.sshd.host, name: 'far', ssh: 'root@198.51.100.7' }
    const far = await bench(t, { hosts: [other] })
    await far.alert({ srcip: '198.51.100.7' })
    assert.deepEqual(bed.said(), [])
    assert.deepEqual(bed.responder.refusals(5)[0]!.guard, 'never')
    const [{ guard, reason } = { guard: '', reason: '' }] = far.responder.refusals(5)
    assert.deepEqual([guard, reason], ['host', '198.51.100.7 is one of the hosts that responses run on'])
  })
})

describe('a host that cannot be reached', { skip: lacksSshd }, () => {
  test('is tried again, louder each time, until it can be', async (t) => {
    const bed = await remote(t, 'polite')
    await bed.sshd.stop()
    await bed.tell({ srcip: '203.0.113.5' })
    const [{ state, reason } = { state: '', reason: '' }] = bed.responder.list()
    assert.equal(state, 'planned')
    assert.match(reason!, /^web-1 cannot be reached: .*Connection refused/)
    await bed.pass(1)
    await bed.pass(2)
    const told = bed.log.records.filter(({ message }) => message.includes('cannot be reached'))
    assert.deepEqual(
      told.map(({ level, fields }) => [level, fields?.host]),
      [
        ['warn', 'web-1'],
        ['warn', 'web-1'],
        ['error', 'web-1'],
      ],
    )
    await bed.sshd.start()
    await bed.pass(4)
    assert.deepEqual(standing(bed), [{ key: '203.0.113.5', host: 'web-1', state: 'in force' }])

    // The undo as well: for ever, and it is an error in the log.
    await bed.sshd.stop()
    await bed.pass(600)
    assert.equal(standing(bed)[0]!.state, 'undoing')
    for (const seconds of [1, 2]) await bed.pass(seconds)
    assert.ok(bed.log.records.some(({ level, message }) => level === 'error' && /not undone yet/.test(message)))
    await bed.sshd.start()
    await bed.pass(300)
    assert.deepEqual(bed.said(), ['add 203.0.113.5', 'continue 203.0.113.5', 'delete 203.0.113.5'])
    assert.deepEqual(standing(bed), [])
  })

  test('is given up when the block would be over', async (t) => {
    const bed = await remote(t, 'polite', { responses: [block('polite', { timeout: 10 })] })
    await bed.sshd.stop()
    await bed.tell({ srcip: '203.0.113.5' })
    for (const seconds of [1, 2, 4, 8]) await bed.pass(seconds)
    assert.deepEqual(standing(bed), [{ key: '203.0.113.5', host: 'web-1', state: 'failed' }])
    assert.match(bed.responder.list()[0]!.reason!, /^given up after 4 tries: web-1 cannot be reached/)
  })

  test('keeps nobody else waiting', async (t) => {
    const sshd = await startSshd(t, scripts)
    // A port that takes connections and never speaks.
    const connected = new Set<Socket>()
    const silent = createServer((socket) => connected.add(socket))
    const port = await listen(t, silent)
    const hosts = [{ ...sshd.host, name: 'silent', agent: '009', port }, sshd.host]
    const both = { commands: [command('polite'), command('file-drop')], responses: [block('polite')], hosts }
    const bed = await bench(t, { ...both, settings: { deadline: 1 } })
    const wish = { response: 'polite', seconds: 600, reason: 'test', by: 'me' }
    for (let n = 1; n <= 20; n++) bed.responder.add({ ...wish, key: `198.51.100.${n}`, host: 'silent' })
    bed.responder.add({ ...wish, key: '203.0.113.5', host: 'web-1' })
    bed.responder.add({ ...wish, response: 'file-drop', key: '203.0.113.6' })
    for (let n = 0; n < 3000 && (sshd.lines('log').length < 2 || bed.blocked().length < 1); n++)
      await new Promise((resolve) => setTimeout(resolve, 20))
    assert.deepEqual(sshd.lines('log'), ['add 203.0.113.5', 'continue 203.0.113.5'])
    assert.deepEqual(bed.blocked(), ['203.0.113.6'])
    const waiting = bed.responder.list().filter(({ host, reason }) => host === 'silent' && reason === undefined)
    assert.equal(waiting.length, 20, 'not one of its own is done or given up yet')
    await bed.responder.stop()
    assert.ok(connected.size > 0)
    const after = bed.responder.list().filter(({ host }) => host === 'silent')
    assert.deepEqual(
      [after.length, ...new Set(after.map(({ state }) => state))],
      [20, 'planned'],
      'nothing waits for it',
    )
  })

  test('with another key than the known one is not spoken to', async (t) => {
    const bed = await remote(t, 'polite', {}, { known_hosts: '/dev/null' })
    await bed.tell({ srcip: '203.0.113.5' })
    assert.match(bed.responder.list()[0]!.reason!, /^web-1 cannot be reached: Host key verification failed/)
    assert.deepEqual(bed.said(), [])
  })

  test('after kill -9 in the middle the lease is undone there first, then done again', async (t) => {
    const bed = await remote(t, 'polite')
    await bed.tell({ srcip: '203.0.113.5' })
    bed.state.db.prepare("UPDATE lease SET state = 'adding', due = NULL").run()
    const again = await bed.restart({ commands: [command('polite')], hosts: [bed.sshd.host] })
    assert.deepEqual(standing(again), [{ key: '203.0.113.5', host: 'web-1', state: 'in force' }])
    const words = bed.said().map((line) => line.split(' ')[0])
    assert.deepEqual(words, ['add', 'continue', 'delete', 'add', 'continue'])
  })

  test('that left the configuration: what is in force there is said until it is back', async (t) => {
    const bed = await remote(t, 'polite')
    await bed.tell({ srcip: '203.0.113.5' })
    const again = await bed.restart({ commands: [command('polite')], hosts: [] })
    await again.pass(600)
    assert.match(again.responder.list()[0]!.reason!, /there is no host "web-1" any more in outrider.yaml/)
    const back = await again.restart({ commands: [command('polite')], hosts: [bed.sshd.host] })
    assert.deepEqual(standing(back), [])
    assert.equal(bed.said().at(-1), 'delete 203.0.113.5')
  })
})

test('the command that the other side sees is made of the configuration, quoted for any shell', () => {
  const call = { dialect: 'wazuh4', program: "active-response/bin/it's", before: '', after: '', args: [] } as const
  const host = {
    ...{ place: { file: '', line: 1 }, name: 'web-1', agent: 'web-1', ssh: 'root@192.0.2.1', sudo: true },
    ...{ home: "/opt/o'ssec; reboot", port: 2222, identity: '/k/100%/id x', known_hosts: '/k/known hosts' },
  }
  const argv = sshArgv(host, { ...call, args: [] }, { deadline_ms: 1500, max_memory_bytes: 1 << 30 })
  const command = argv.at(-1)!
  assert.deepEqual(argv.slice(-3, -1), ['--', 'root@192.0.2.1'])
  assert.ok(argv.includes('IdentityFile="/k/100%%/id x"'))
  assert.ok(argv.includes('UserKnownHostsFile="/k/known hosts"'))
  for (const shell of ['/bin/sh', '/bin/bash', '/bin/csh', '/usr/bin/fish'].filter((path) => existsSync(path))) {
    const words = command.replace(/^exec /, "printf '%s\\n' ")
    const seen = execFileSync(shell, ['-c', words], { encoding: 'utf8' }).split('\n')
    assert.deepEqual(seen.slice(0, 4), ['sudo', '-n', '/bin/sh', '-c'], shell)
    assert.deepEqual(seen.slice(5, -1), ['outrider', "/opt/o'ssec; reboot", "active-response/bin/it's", '2'], shell)
    assert.match(seen[4]!, /^program=\$2 .*ulimit -v 1048576 .*exec timeout -k 2 "\$seconds" "\$program"$/)
    assert.doesNotMatch(seen[4]!, /['!\n]/)
  }
})

test('what the login shell prints comes before the mark, however it is cut, and is not heard', () => {
  const text =
    'Welcome!\noutrider: the script begins not\nx outrider: the script begins\noutrider: the script begins\nreal\n'
  for (let cut = 0; cut <= text.length; cut++) {
    let begun = 0
    const beginning = awaitMark(() => begun++)
    const heard = [text.slice(0, cut), text.slice(cut)].map((part) => beginning.take(Buffer.from(part)).toString())
    assert.deepEqual([heard.join(''), begun, beginning.hasBegun], ['real\n', 1, true], `cut at ${cut}`)
  }
})

test('an agent is found by its id, with or without zeros, and by its name', () => {
  const host = (name: string, agent: string) => ({ name, agent }) as HostSetting
  const hosts = [host('a', '001'), host('b', 'web'), host('c', '12')]
  assert.equal(hostOf(hosts, { id: '1' })?.name, 'a')
  assert.equal(hostOf(hosts, { id: '012' })?.name, 'c')
  assert.equal(hostOf(hosts, { id: '099', name: 'web' })?.name, 'b')
  assert.equal(hostOf(hosts, { id: '099', name: 'other' }), undefined)
  for (const stranger of ['001', '12'])
    assert.equal(
      hostOf(hosts, { id: '099', name: stranger }),
      undefined,
      'an agent that calls itself by the id of another',
    )
})

test("a host is never blocked under the address that only ssh's configuration knows, nor what it is reached through", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-ssh-'))
  const { PATH } = process.env
  t.after(() => {
    process.env.PATH = PATH
    rmSync(folder, { recursive: true })
  })
  const says = 'hostname 198.51.100.8\nproxyjump root@198.51.100.9:2222,[2001:db8::9]:22\n'
  writeFileSync(join(folder, 'ssh'), `#!/bin/sh\n[ "$*" = "-G -T -- root@web" ] && printf '${says}'\n`, { mode: 0o755 })
  process.env.PATH = `${folder}:${PATH}`
  const web = {
    place: { file: '', line: 1 },
    name: 'web',
    agent: 'web',
    ssh: 'root@web',
    home: '/var/ossec',
    sudo: false,
  }
  const bed = await bench(t, { hosts: [web] })
  for (const srcip of ['198.51.100.8', '198.51.100.9', '2001:db8::9']) await bed.alert({ srcip })
  const refused = bed.responder.refusals(9).map(({ guard, key }) => `${guard} ${key}`)
  assert.deepEqual(refused.sort(), ['host 198.51.100.8', 'host 198.51.100.9', 'host 2001:db8::9'])
})

test("ssh's own troubles are told from those of the script", () => {
  const host = { name: 'web-1' } as HostSetting
  const none = { signal: null, output: '', truncated: false, timed_out: false, aborted: false, duration_ms: 5 }
  const judged = (code: number, stderr: string, hasBegun: boolean) =>
    judgeSsh(host, { ...none, code, stderr }, hasBegun)
  assert.deepEqual(judged(0, '', true), { link: undefined, failure: undefined })
  assert.equal(judged(255, 'banner\nssh: connect refused\n', false).link, 'unreached')
  assert.equal(judged(255, 'Connection reset', true).link, 'lost')
  const noSudo = judged(1, 'sudo: a password is required', false)
  assert.deepEqual(noSudo, { link: undefined, failure: 'web-1: sudo: a password is required' })
  const ended = judged(2, '', true)
  assert.deepEqual(ended, { link: undefined, failure: failureOf({ ...none, code: 2, stderr: '' }) })
})
