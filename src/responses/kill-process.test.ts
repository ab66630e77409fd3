import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Alert } from '../alert.ts'
import type { ProcessEnd, ProcessFacts, Response } from '../define.ts'
import killProcess from './kill-process.ts'
import { actorOf, bench, block, command, isRunning, orphan } from './test-kit.ts'

const definition = killProcess as unknown as Response
const options = definition.options.parse({})
const linux = { skip: process.platform === 'linux' ? false : 'needs /proc' }

const alert = (data: Record<string, unknown>, rest: Partial<Alert> = {}): Alert => ({
  timestamp: '2026-01-15T10:30:45.123+0000',
  rule: { level: 3, id: '1', description: '' },
  id: '',
  data,
  ...rest,
})

test('finds the process where auditd, who-data, Sysmon, Falco and others name it', () => {
  const key = (some: Alert) => definition.key(some, options)
  const at = '2026-01-15T10:31Z'
  assert.equal(key(alert({ audit: { pid: '4711', exe: '/tmp/x' } })), `4711 ${at} /tmp/x`)
  const whodata = { audit: { process: { id: '4712', name: '/usr/bin/vi' } } }
  assert.equal(key(alert({}, { syscheck: whodata })), `4712 ${at} /usr/bin/vi`)
  assert.equal(key(alert({ eventdata: { processId: '4713', image: '/a b/c' } })), `4713 ${at} /a b/c`)
  assert.equal(key(alert({ output_fields: { proc: { pid: '4714', exepath: '/tmp/y' } } })), `4714 ${at} /tmp/y`)
  assert.equal(key(alert({ process: { pid: '4715' } })), `4715 ${at}`)
  assert.equal(key(alert({ pid: '4716', exe: 'not a path' }, { timestamp: '' })), '4716')
  for (const pid of ['0', '1', '-1', '4711;', '99999999', 4711, '1e3', '']) assert.equal(key(alert({ pid })), undefined)
})

test('takes what a person writes, in the same form', () => {
  for (const key of ['4711', '4711 /tmp/x', '4711 2026-01-15T10:31Z', '4711 2026-01-15T10:31Z /tmp/a b'])
    assert.equal(definition.parseKey(` ${key} `, options), key)
  for (const key of ['1', 'sshd', '4711 x', '4711 /tmp/x\ny', '4711  /tmp/x'])
    assert.equal(definition.parseKey(key, options), undefined, key)
})

describe('guards', () => {
  const miner: ProcessFacts = {
    pid: 4711,
    name: 'miner',
    exe: '/tmp/miner',
    started: Date.UTC(2026, 0, 15, 10, 30),
    parent: 'sh',
    kind: 'other',
  }
  const why = (change: Partial<ProcessFacts>, key = '4711', given: Record<string, unknown> = {}) => {
    const [step] = definition.add(key, 0, definition.options.parse(given)) as [ProcessEnd]
    try {
      step.check({ ...miner, ...change })
      return undefined
    } catch (error) {
      assert.equal((error as Error).name, 'NothingToDo')
      return (error as Error).message.replace(/^process 4711 \(.*?\) is not ended: /, '')
    }
  }

  test('the first process, threads of the kernel and Outrider’s own are never ended', () => {
    assert.equal(why({}), undefined)
    assert.equal(why({ kind: 'init' }), 'it is the first process')
    assert.equal(why({ kind: 'kernel', exe: undefined }), 'it is a thread of the kernel')
    assert.match(why({ kind: 'ours' })!, /it is Outrider itself/)
  })

  test('a pid that is another’s by now is not ended', () => {
    const key = '4711 2026-01-15T10:31Z /tmp/miner'
    assert.equal(why({}, key), undefined)
    assert.match(why({ started: Date.UTC(2026, 0, 15, 10, 32) }, key)!, /started after the alert/)
    assert.equal(why({ exe: '/usr/sbin/mysqld' }, key), 'the alert means /tmp/miner')
    assert.equal(why({ exe: undefined }, key), 'the alert means /tmp/miner')
  })

  test('what listens for SSH is left alone, a session may be ended', () => {
    const sshd = { name: 'sshd', exe: '/usr/sbin/sshd' }
    assert.equal(why({ ...sshd, parent: 'systemd' }), 'it is what waits for SSH connections')
    assert.equal(why({ ...sshd, parent: 'sshd' }), undefined)
    assert.equal(why({ name: 'sshd-session', exe: '/usr/lib/openssh/sshd-session', parent: 'sshd' }), undefined)
  })

  test('what the system needs is left alone, but a name alone protects nobody', () => {
    assert.equal(why({ name: 'systemd-logind', exe: '/usr/lib/systemd/systemd-logind' }), 'the system needs it')
    assert.equal(why({ name: 'wazuh-agentd', exe: '/var/ossec/bin/wazuh-agentd' }), 'the system needs it')
    assert.equal(why({ name: 'systemd-logind', exe: '/tmp/systemd-logind' }), undefined)
    assert.equal(why({ name: 'sshd', exe: '/tmp/sshd' }), undefined)
  })

  test('the lists of the options', () => {
    const postgres = { name: 'postgres', exe: '/usr/lib/postgresql/15/bin/postgres' }
    assert.match(why(postgres, '4711', { never: ['postgres'] })!, /"never"/)
    assert.match(why(postgres, '4711', { never: ['/usr/lib/postgresql/*'] })!, /"never"/)
    assert.equal(why(postgres, '4711', { never: ['postgre', '/usr/lib'] }), undefined)
    assert.equal(why({}, '4711', { only: ['/tmp/*'] }), undefined)
    assert.match(why(postgres, '4711', { only: ['/tmp/*'] })!, /"only"/)
    assert.equal(why({ exe: '/tmp/a\nb' }, '4711', { only: ['/tmp/*'] }), undefined, 'a path may hold a line end')
  })
})

test('ends a real process; done twice it is no error', linux, async (t) => {
  const pid = orphan(t, 'exec sleep 600')
  const actor = actorOf(killProcess, { grace: 5 })
  for (let times = 0; times < 2; times++) {
    assert.deepEqual(await actor.add([{ key: String(pid), seconds: 600 }]), new Map())
    assert.equal(isRunning(pid), false)
  }
  const failures = await actor.add([{ key: String(process.pid), seconds: 0 }])
  assert.equal(failures.get(String(process.pid))!.kind, 'nothing to do')
})

test(
  'a lease is over when the process is gone, whatever the timeout, and history tells what came of it',
  linux,
  async (t) => {
    const { default: real } = await import('./kill-process.ts')
    for (const timeout of [0, 600]) {
      const bed = await bench(t, {
        commands: [command('kill-process')],
        responses: [block('kill-process', { timeout })],
        definitions: { 'kill-process': () => Promise.resolve({ default: real as unknown as Response }) },
      })
      const pid = orphan(t, 'exec sleep 600')
      await bed.alert({ process: { pid: String(pid) } })
      assert.equal(isRunning(pid), false)
      assert.deepEqual(bed.responder.list(), [])
      await bed.alert({ process: { pid: String(process.ppid) } })
      assert.deepEqual(bed.responder.list(), [])
      const notes = bed.responder.history(10).map(({ state, note }) => `${state}: ${note}`)
      assert.ok(notes.includes('ended: done; there is nothing to undo'), notes.join('\n'))
      assert.ok(
        notes.some((note) => /^ended: .* is not ended: it is Outrider itself/.test(note)),
        notes.join('\n'),
      )
    }
  },
)
