import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Bench, type BenchOptions, bench, block, command } from './test-kit.ts'

/** Each writes what it was told to `log`: its command, and the address it found. */
const note =
  'note() { printf "%s\\n" "$1" | sed -n \'s/.*"command":"\\([a-z]*\\)".*"srcip":"\\([^"]*\\)".*/\\1 \\2/p\' >> log; }'
const keys = (list: string) =>
  `{"version":1,"origin":{"name":"x","module":"active-response"},"command":"check_keys","parameters":{"keys":[${list}]}}`
const script = (body: string) => `#!/bin/sh\n${note}\n${body}\n`

const scripts = {
  // As Wazuh's own: asks, and acts when it is told to continue.
  polite: script(`
    read -r line; note "$line"
    case $line in *'"command":"delete"'*) exit 0;; esac
    ip=$(printf '%s' "$line" | sed 's/.*"srcip":"\\([^"]*\\)".*/\\1/')
    echo '${keys('"\'$ip\'"')}'
    read -r line; note "$line"`),
  // As the guide's Bash example: one line, no answer.
  silent: script('read -r line; note "$line"'),
  // As the guide's Python example: reads to the end.
  greedy: script('note "$(cat)"'),
  chatty: script('read -r line; note "$line"; echo "Starting"; read -r line; note "$line"'),
  single: script(`read -r line; note "$line"; echo '${keys('')}'; read -r line; note "$line"`),
  hanging: script('case $(head -1) in *203.0.113.66*) exec sleep 100;; esac; echo quick >> log'),
  failing: script(
    'read -r line; note "$line"; case $line in *delete*) exit 0;; esac; echo "no such table" >&2; exit 3',
  ),
}

async function run(t: TestContext, name: string, options: BenchOptions = {}): Promise<Bench & { said(): string[] }> {
  const bed = await bench(t, {
    scripts,
    commands: [command(name)],
    responses: [block(name)],
    tuning: { answer_ms: 150 },
    ...options,
  })
  return { ...bed, said: () => saidIn(bed.home) }
}

function saidIn(home: string): string[] {
  try {
    return readFileSync(join(home, 'log'), 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}

test('speaks with a script that asks, and undoes it after the timeout', async (t) => {
  const bed = await run(t, 'polite')
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(bed.said(), ['add 203.0.113.5', 'continue 203.0.113.5'])
  await bed.pass(599)
  assert.equal(bed.said().length, 2)
  await bed.pass(1)
  assert.deepEqual(bed.said().slice(2), ['delete 203.0.113.5'])
  assert.deepEqual(bed.responder.list(), [])
})

test('the same key again: the script is told to abort, and the clock starts again', async (t) => {
  const bed = await run(t, 'polite')
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.pass(400)
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(bed.said().slice(2), ['add 203.0.113.5', 'abort 203.0.113.5'])
  assert.equal(bed.responder.list().length, 1)
  await bed.pass(599)
  assert.equal(bed.said().length, 4)
  await bed.pass(1)
  assert.deepEqual(bed.said().slice(4), ['delete 203.0.113.5'])
})

test('with timeout 0 it is always told to continue, and what allows no timeout is over when it is done', async (t) => {
  const bed = await run(t, 'polite', {
    commands: [command('polite', { timeout_allowed: false })],
    responses: [block('polite', { timeout: 0 })],
  })
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(
    bed.said(),
    ['add', 'continue', 'add', 'continue'].map((word) => `${word} 203.0.113.5`),
  )
  assert.deepEqual(bed.responder.list(), [])
})

test('timeout 0 where a timeout is allowed: one lease for ever, removable by hand', async (t) => {
  const bed = await run(t, 'silent', { responses: [block('silent', { timeout: 0 })] })
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.alert({ srcip: '203.0.113.5' })
  const [lease, ...others] = bed.responder.list()
  assert.equal(others.length, 0)
  bed.responder.remove(lease!.id, { reason: 'r', by: 'cli:root' })
  await bed.responder.settled()
  assert.equal(bed.said().at(-1), 'delete 203.0.113.5')
})

test('a script that prints nothing is undone all the same, and not run twice for the same address', async (t) => {
  const bed = await run(t, 'silent')
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.pass(300)
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.alert({ srcip: '203.0.113.6' })
  assert.deepEqual(bed.said(), ['add 203.0.113.5', 'add 203.0.113.6'])
  await bed.pass(600)
  assert.deepEqual(bed.said().slice(2).sort(), ['delete 203.0.113.5', 'delete 203.0.113.6'])
})

test('a script that reads to the end of its input does not hang, and is undone', async (t) => {
  const bed = await run(t, 'greedy')
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(bed.said(), ['add 203.0.113.5'])
  await bed.pass(600)
  assert.deepEqual(bed.said().slice(1), ['delete 203.0.113.5'])
})

test('a stray line does not make all addresses one', async (t) => {
  const bed = await run(t, 'chatty')
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.alert({ srcip: '203.0.113.6' })
  assert.deepEqual(
    bed.said(),
    ['add', 'continue'].flatMap((word) => `${word} 203.0.113.5`).concat('add 203.0.113.6', 'continue 203.0.113.6'),
  )
  assert.match(bed.responder.list()[0]!.reason!, /it printed "Starting" where check_keys should stand/)
  await bed.pass(600)
  assert.deepEqual(bed.said().slice(4).sort(), ['delete 203.0.113.5', 'delete 203.0.113.6'])
})

test('a script that says it has no keys has one lease for all, as with execd', async (t) => {
  const bed = await run(t, 'single')
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.alert({ srcip: '203.0.113.6' })
  assert.equal(bed.said().at(-1), 'abort 203.0.113.6')
  await bed.pass(600)
  assert.deepEqual(bed.said().slice(4), ['delete 203.0.113.5'])
})

test('a script that hangs delays no other target, is ended, and is undone on time', async (t) => {
  const bed = await run(t, 'hanging', { settings: { deadline: 2 } })
  const started = performance.now()
  await Promise.all([bed.alert({ srcip: '203.0.113.66' }), bed.alert({ srcip: '203.0.113.5' })])
  assert.deepEqual(bed.said(), ['quick'])
  assert.ok(performance.now() - started < 20_000)
  const hung = bed.responder.list().find(({ key }) => key === '203.0.113.66')!
  assert.equal(hung.state, 'in force')
  assert.match(hung.reason!, /not done in time, stopped after .*; nobody knows how far it came/)
})

test('an error is told with what the script said, and undone on time', async (t) => {
  const bed = await run(t, 'failing')
  await bed.alert({ srcip: '203.0.113.5' })
  assert.match(bed.responder.list()[0]!.reason!, /exit code 3: no such table/)
  const { tries } = bed.responder.show(bed.responder.list()[0]!.id)!
  assert.equal(tries[0]!.output, 'no such table\n')
  await bed.pass(600)
  assert.equal(bed.said().at(-1), 'delete 203.0.113.5')
})

test('a script that cannot be started is a failure, with the mend', async (t) => {
  const bed = await run(t, 'broken', { scripts: { broken: '#!/no/such/interpreter\n' } })
  await bed.alert({ srcip: '203.0.113.5' })
  const [lease] = bed.responder.list()
  assert.equal(lease!.state, 'failed')
  assert.match(lease!.reason!, /the interpreter in its first line/)
})

test('a script that is not there is said so, and nothing is recorded', async (t) => {
  const bed = await run(t, 'nowhere')
  const plan = bed.responder.plan({ timestamp: '', id: '', rule: { level: 3, id: '5712', description: '' } })
  assert.deepEqual(plan.intents, [])
  assert.match(plan.skipped[0]!.reason, /there is no active-response\/bin\/nowhere, and no response of that name/)
})

test('a key that a guard protects is answered with abort', async (t) => {
  const bed = await run(t, 'gateway', {
    scripts: {
      gateway: script(`read -r line; echo '${keys('"192.0.2.1"')}'; read -r line; note "$line"`),
    },
    settings: { never: ['192.0.2.0/24'] },
  })
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(bed.said(), ['abort 203.0.113.5'])
  assert.deepEqual(bed.responder.refusals(1)[0]!.guard, 'never')
})

test('a command that blocks nothing is not asked for', async (t) => {
  const settings = { never: ['203.0.113.0/24'], unguarded: ['polite'] }
  const bed = await run(t, 'polite', { settings })
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(bed.said(), ['add 203.0.113.5', 'continue 203.0.113.5'])
})

test('half done when we were killed: undone first, then done again, once', async (t) => {
  const first = await run(t, 'silent')
  await first.alert({ srcip: '203.0.113.5' })
  first.state.db.exec(`UPDATE lease SET state = 'adding', due = NULL, until = NULL, acted = NULL, silent = 0`)
  const second = await first.restart()
  assert.deepEqual(first.said(), ['add 203.0.113.5', 'delete 203.0.113.5', 'add 203.0.113.5'])
  await second.pass(600)
  assert.equal(first.said().length, 4)
})

test('after a start of the machine what scripts did is done again, with its old end', async (t) => {
  const first = await run(t, 'polite')
  await first.alert({ srcip: '203.0.113.5' })
  first.time.pass(500_000)
  const second = await first.restart({ boot_id: 'boot-2' })
  const words = first.said().map((line) => line.split(' ')[0])
  assert.deepEqual(words, ['add', 'continue', 'delete', 'add', 'continue'])
  await second.pass(99)
  assert.equal(first.said().length, 5)
  await second.pass(1)
  assert.equal(first.said().at(-1), 'delete 203.0.113.5')
})

test('removed by hand while it is at work: undone as soon as it has ended', async (t) => {
  const bed = await run(t, 'silent')
  const { intents } = bed.responder.plan({
    timestamp: '',
    id: '1.9',
    rule: { level: 3, id: '5712', description: '' },
    data: { srcip: '203.0.113.7' },
  })
  bed.responder.record(intents)
  bed.responder.kick()
  await new Promise((resolve) => setImmediate(resolve))
  const [lease] = bed.responder.list()
  assert.equal(bed.responder.show(lease!.id)!.state, 'adding')
  assert.ok(bed.responder.remove(lease!.id, { reason: 'r', by: 'cli:root' }).ok)
  await bed.responder.settled()
  assert.deepEqual(bed.said(), ['add 203.0.113.7', 'delete 203.0.113.7'])
  assert.deepEqual(bed.responder.list(), [])
})

test('OSSEC scripts get arguments, and are not run again while in force', async (t) => {
  const bed = await run(t, 'old.sh', {
    scripts: { 'old.sh': '#!/bin/sh\necho "$1 $2 $3 $5" >> log\n' },
    settings: { dialect: { 'old.sh': 'ossec' } },
  })
  await bed.alert({ srcip: '203.0.113.5', dstuser: 'bob' })
  await bed.alert({ srcip: '203.0.113.5', dstuser: 'bob' })
  await bed.pass(600)
  assert.deepEqual(bed.said(), ['add bob 203.0.113.5 5712', 'delete bob 203.0.113.5 5712'])
})

test('Wazuh 5 scripts hear enable, continue and disable', async (t) => {
  const five = `#!/bin/sh
    read -r line; echo "$line" | sed 's/.*"source":{"ip":"\\([^"]*\\)".*"command":"\\([a-z]*\\)".*/\\2 \\1/' >> log
    case $line in *'"disable"'*) exit 0;; esac
    echo '${keys('"203.0.113.5"')}'
    read -r line; echo "$line" | grep -o '"command":"continue"' >> log`
  const bed = await run(t, 'block-ip', {
    scripts: { 'block-ip': five },
    settings: { dialect: { 'block-ip': 'wazuh5' } },
  })
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.pass(600)
  assert.deepEqual(bed.said(), ['enable 203.0.113.5', '"command":"continue"', 'disable 203.0.113.5'])
})

test('a script of the user’s wins over our response of the same name', async (t) => {
  const bed = await run(t, 'file-drop', { scripts: { 'file-drop': scripts.silent } })
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual([bed.said(), bed.blocked()], [['add 203.0.113.5'], []])
})

test('a custom command by hand is done once', async (t) => {
  const bed = await run(t, 'polite')
  const added = bed.responder.add({ response: '!silent', key: '198.51.100.7', reason: 'r', by: 'api' })
  assert.ok(added.ok)
  await bed.responder.settled()
  assert.deepEqual(bed.said(), ['add 198.51.100.7'])
  assert.equal(bed.responder.show(added.value.id)!.state, 'ended')
})

test('remembers how scripts behave, for those who look for what is wrong', async (t) => {
  const names = ['polite', 'silent', 'greedy', 'chatty']
  const bed = await run(t, 'polite', {
    commands: names.map((name) => command(name)),
    responses: names.map((name) => block(name)),
  })
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(
    bed.responder.scripts().map(({ program, answer, reads_to_end }) => [program.slice(20), answer, reads_to_end]),
    [
      ['chatty', 'other', false],
      ['greedy', 'nothing', true],
      ['polite', 'keys', false],
      ['silent', 'nothing', false],
    ],
  )
})
