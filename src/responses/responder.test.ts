import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bench, block, command, fileFirewall, rarely } from './test-kit.ts'

test('acts on an alert and undoes it on time', async (t) => {
  const { responder, alert, blocked, pass } = await bench(t)
  await alert({ srcip: '203.0.113.5' })
  assert.deepEqual(blocked(), ['203.0.113.5'])
  const [lease] = responder.list()
  assert.equal(lease!.state, 'in force')
  assert.equal(lease!.why, 'rule 5712 (level 10): brute force')
  assert.deepEqual([lease!.by, lease!.alert], ['rule 5712', '1.1'])
  await pass(599)
  assert.deepEqual(blocked(), ['203.0.113.5'])
  await pass(1)
  assert.deepEqual(blocked(), [])
  assert.deepEqual(responder.list(), [])
  const shown = responder.show(lease!.id)!
  assert.equal(shown.state, 'ended')
  assert.deepEqual(
    shown.tries.map(({ what, failure }) => [what, failure]),
    [
      ['add', undefined],
      ['delete', undefined],
    ],
  )
})

test('an alert that triggers nothing, or names no address, does nothing', async (t) => {
  const { responder, alert, blocked } = await bench(t)
  await alert({ srcip: '203.0.113.5' }, { id: '1' })
  await alert({ srcip: 'mail.example.com' })
  await alert({})
  assert.deepEqual([blocked(), responder.list()], [[], []])
  const plan = responder.plan({ timestamp: '', id: '', rule: { level: 3, id: '5712', description: '' } })
  assert.match(plan.skipped[0]!.reason, /names no address that file-drop could act on/)
})

test('the same again is extended, not doubled', async (t) => {
  const { responder, alert, blocked, pass, time } = await bench(t)
  await alert({ srcip: '203.0.113.5' })
  await pass(400)
  await alert({ srcip: '203.0.113.5' })
  await alert({ srcip: '::ffff:203.0.113.5' })
  assert.deepEqual(blocked(), ['203.0.113.5'])
  const [lease, ...others] = responder.list()
  assert.equal(others.length, 0)
  assert.equal(lease!.until, time.now() + 600_000)
  assert.equal(responder.show(lease!.id)!.hits, 3)
  await pass(599)
  assert.deepEqual(blocked(), ['203.0.113.5'])
  await pass(1)
  assert.deepEqual(blocked(), [])
})

test('is undone on time after kill -9 and a restart, at once when it is overdue', async (t) => {
  const first = await bench(t)
  await first.alert({ srcip: '203.0.113.5' })
  await first.pass(300)
  await first.alert({ srcip: '203.0.113.6' })
  const second = await first.restart()
  assert.deepEqual(second.blocked(), ['203.0.113.5', '203.0.113.6'])
  await second.pass(300)
  assert.deepEqual(second.blocked(), ['203.0.113.6'])
  second.time.pass(86_400_000)
  const third = await second.restart()
  assert.deepEqual(third.blocked(), [])
})

test('what was recorded and not begun when we were killed is done after the restart', async (t) => {
  const first = await bench(t)
  const { intents } = first.responder.plan({
    timestamp: '',
    id: '1.9',
    rule: { level: 3, id: '5712', description: '' },
    data: { srcip: '203.0.113.7' },
  })
  first.responder.record(intents)
  const second = await first.restart()
  assert.deepEqual(second.blocked(), ['203.0.113.7'])
})

test('what was half done when we were killed is done again, once', async (t) => {
  for (const reached of [false, true]) {
    const first = await bench(t)
    await first.alert({ srcip: '203.0.113.8' })
    // As if the result of the step had not been written any more.
    first.state.db.exec(`UPDATE lease SET state = 'adding', due = NULL, applied_until = NULL`)
    if (!reached) writeFileSync(join(first.home, 'firewall'), '')
    const second = await first.restart()
    assert.deepEqual(second.blocked(), ['203.0.113.8'])
    assert.equal(second.responder.list()[0]!.state, 'in force')
    await second.pass(600)
    assert.deepEqual(second.blocked(), [])
  }
})

test('what a power cut takes back is done again from the wish, once', async (t) => {
  const bed = await bench(t)
  await bed.alert({ srcip: '203.0.113.5' })
  // Only the wish had reached the disk; a firewall elsewhere has it all the same.
  bed.state.db.exec(
    "UPDATE lease SET state = 'planned', acted = NULL, until = NULL, applied_until = NULL, due = NULL; DELETE FROM lease_try",
  )
  const again = await bed.restart()
  assert.deepEqual(again.blocked(), ['203.0.113.5'])
  assert.deepEqual(
    again.responder.list().map(({ state, until }) => [state, until! - again.time.now()]),
    [['in force', 600_000]],
  )
  await again.pass(600)
  assert.deepEqual(again.blocked(), [])
})

test('what a power cut takes back is undone where the guards no longer allow it', async (t) => {
  // What others may add to is not cleared of what nobody asked for.
  const firewall = (file: string) => fileFirewall(file, { list: undefined })
  const bed = await bench(t, { firewall })
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.alert({ srcip: '203.0.113.6' })
  bed.state.db.exec("UPDATE lease SET state = 'planned', acted = NULL, until = NULL, applied_until = NULL, due = NULL")
  const again = await bed.restart({ firewall, boot_id: 'boot-2', white_list: ['203.0.113.5'] })
  assert.deepEqual(again.blocked(), ['203.0.113.6'])
  assert.deepEqual(
    again.responder.refusals(9).map(({ key }) => key),
    ['203.0.113.5'],
  )
  await again.pass(600)
  assert.deepEqual(again.blocked(), [])
})

test('an undo that was under way when we were killed is repeated', async (t) => {
  const first = await bench(t)
  await first.alert({ srcip: '203.0.113.8' })
  first.state.db.exec(`UPDATE lease SET state = 'undoing', due = NULL`)
  const second = await first.restart()
  assert.deepEqual([second.blocked(), second.responder.list()], [[], []])
})

test('an undo that fails is tried again until it is true, louder and louder', async (t) => {
  let broken = true
  const bed = await bench(t, {
    firewall: (file) => {
      const whole = fileFirewall(file)
      return { ...whole, delete: (key, options) => (broken ? [{ argv: ['false'] }] : whole.delete!(key, options)) }
    },
  })
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.pass(600)
  assert.equal(bed.responder.list()[0]!.state, 'undoing')
  assert.match(bed.responder.list()[0]!.reason!, /not undone yet after 1 try: false: exit code 1/)
  for (let n = 0; n < 8; n++) await bed.pass(300)
  assert.ok(
    bed.log.records.some(({ level, message }) => level === 'error' && /203\.0\.113\.5: not undone yet/.test(message)),
  )
  const { attempts } = bed.responder.show(bed.responder.list()[0]!.id)!
  assert.ok(attempts >= 9, `${attempts} tries`)
  const again = await bed.restart()
  broken = false
  await again.pass(300)
  assert.deepEqual([again.blocked(), again.responder.list()], [[], []])
})

test('a command that only claims to have undone is not believed', async (t) => {
  let lies = true
  const bed = await bench(t, {
    firewall: (file) => {
      const whole = fileFirewall(file)
      return { ...whole, delete: (key, options) => (lies ? [{ argv: ['true'] }] : whole.delete!(key, options)) }
    },
  })
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.pass(600)
  assert.match(bed.responder.list()[0]!.reason!, /still in force, though the command said otherwise/)
  lies = false
  await bed.pass(10)
  assert.deepEqual(bed.blocked(), [])
})

test('an add that fails is tried again, then given up and taken back', async (t) => {
  let works = false
  const bed = await bench(t, {
    firewall: (file) => {
      const whole = fileFirewall(file)
      return { ...whole, add: (...args) => (works ? whole.add(...args) : [{ argv: ['false'] }]) }
    },
  })
  await bed.alert({ srcip: '203.0.113.5' })
  assert.equal(bed.responder.list()[0]!.state, 'planned')
  works = true
  await bed.pass(1)
  assert.equal(bed.responder.list()[0]!.state, 'in force')

  works = false
  await bed.alert({ srcip: '203.0.113.6' })
  for (let n = 0; n < 5; n++) await bed.pass(16)
  const failed = bed.responder.list().find(({ key }) => key === '203.0.113.6')!
  assert.equal(failed.state, 'failed')
  assert.match(failed.reason!, /false: exit code 1/)
  assert.deepEqual(bed.blocked(), ['203.0.113.5'])
})

test('what somebody changed behind our back is mended within a minute, both ways', async (t) => {
  const bed = await bench(t)
  await bed.alert({ srcip: '203.0.113.5' })
  writeFileSync(join(bed.home, 'firewall'), '198.51.100.1\n')
  await bed.pass(60)
  assert.deepEqual(bed.blocked(), ['203.0.113.5'])
  const said = bed.log.records.filter(({ level }) => level === 'warn').map(({ message }) => message)
  assert.match(said[0]!, /1 in force by our book were gone, put back: 203\.0\.113\.5/)
  assert.match(said[1]!, /1 in force that nobody asked for, removed: 198\.51\.100\.1/)
  appendFileSync(join(bed.home, 'firewall'), '198.51.100.2\n')
  const again = await bed.restart()
  assert.deepEqual(again.blocked(), ['203.0.113.5'], 'and at every start')
})

test('dry run: says what it would do, touches nothing, counts repetitions', async (t) => {
  const bed = await bench(t, { settings: { enabled: false } })
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(bed.blocked(), [])
  const [only, ...others] = bed.responder.list()
  assert.equal(others.length, 0)
  assert.deepEqual([only!.dry_run, only!.key, only!.reason], [true, '203.0.113.5', 'responses are not enabled'])
  assert.equal(bed.responder.show(only!.id)!.hits, 2)
  assert.match(bed.log.records[0]!.message, /would act on 203\.0\.113\.5/)
  await bed.pass(601)
  assert.deepEqual(bed.responder.list(), [])
  assert.equal(bed.responder.history(10).length, 1)
})

test('dry run of one response: the others act', async (t) => {
  const both = { commands: [command('file-drop'), command('twin', { executable: 'file-drop' })] }
  const responses = [block('twin', { rules_id: [5713] }), block('file-drop')]
  const bed = await bench(t, { ...both, responses, settings: { dry_run: ['twin'] } })
  await bed.alert({ srcip: '203.0.113.5' }, { id: '5713' })
  await bed.alert({ srcip: '203.0.113.6' })
  assert.deepEqual(bed.blocked(), ['203.0.113.6'])
  const said = bed.responder.list().map(({ response, dry_run, reason }) => [response, dry_run, reason])
  assert.deepEqual(said.sort(), [
    ['file-drop', false, undefined],
    ['twin', true, 'responses.dry_run names twin'],
  ])
  const all = await bench(t, { settings: { dry_run: ['file-drop'] } })
  await all.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(all.blocked(), [])
})

test('what needs root only says what it would do without', async (t) => {
  const bed = await bench(t, { is_root: false, firewall: (file) => fileFirewall(file, { needs_root: true }) })
  await bed.alert({ srcip: '203.0.113.5' })
  assert.equal(bed.responder.list()[0]!.reason, 'file-drop needs root')
  assert.deepEqual(bed.blocked(), [])
})

test('what is in force is undone on time also after responses were disabled', async (t) => {
  const first = await bench(t)
  await first.alert({ srcip: '203.0.113.5' })
  const settings = { enabled: false, options: {}, never: [], max_per_minute: 10, deadline: 10 }
  const second = await first.restart({ settings })
  await second.alert({ srcip: '203.0.113.6' })
  assert.deepEqual(second.blocked(), ['203.0.113.5'])
  await second.pass(600)
  assert.deepEqual(second.blocked(), [])
})

test('a white-listed address is refused, visibly, and counted', async (t) => {
  const bed = await bench(t, { white_list: ['203.0.113.0/24'] })
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(bed.blocked(), [])
  const [refusal, ...others] = bed.responder.refusals(10)
  assert.equal(others.length, 0)
  assert.deepEqual([refusal!.guard, refusal!.key, refusal!.alert], ['white list', '203.0.113.5', '1.1'])
})

test('repeated offenders are blocked longer each time, also after a restart, and forgiven with time', async (t) => {
  const responses = [block('file-drop', { repeated_offenders: [30, 60] })]
  let bed = await bench(t, { responses, tuning: rarely })
  const lasts = async () => {
    await bed.alert({ srcip: '203.0.113.5' })
    const { until } = bed.responder.list()[0]!
    await bed.pass((until! - bed.time.now()) / 1000)
    assert.deepEqual(bed.blocked(), [])
    return until! - bed.responder.history(1)[0]!.since
  }
  assert.equal(await lasts(), 600_000)
  bed = await bed.restart()
  assert.equal(await lasts(), 1_800_000)
  assert.equal(await lasts(), 3_600_000)
  assert.equal(await lasts(), 3_600_000)
  await bed.pass(120 * 86_400)
  assert.equal(await lasts(), 600_000)
})

test('stays in force when we are stopped, unless execd’s way is asked for', async (t) => {
  const bed = await bench(t)
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.responder.stop()
  assert.deepEqual(bed.blocked(), ['203.0.113.5'])
  const strict = await bed.restart({ tuning: { undo_on_stop: true } })
  await strict.responder.stop()
  assert.deepEqual(strict.blocked(), [])
})

test('a new wish for what is just being undone wins', async (t) => {
  let broken = true
  const bed = await bench(t, {
    firewall: (file) => {
      const whole = fileFirewall(file)
      return { ...whole, delete: (key, options) => (broken ? [{ argv: ['false'] }] : whole.delete!(key, options)) }
    },
  })
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.pass(600)
  await bed.alert({ srcip: '203.0.113.5' })
  broken = false
  await bed.pass(300)
  assert.deepEqual(bed.blocked(), ['203.0.113.5'], 'the old undo must not end the new block')
  assert.equal(bed.responder.list().length, 1)
  await bed.pass(300)
  assert.deepEqual(bed.blocked(), [])
})

test('what another transaction takes back was never asked for', async (t) => {
  const bed = await bench(t)
  const { intents } = bed.responder.plan({
    timestamp: '',
    id: '1.9',
    rule: { level: 3, id: '5712', description: '' },
    data: { srcip: '203.0.113.7' },
  })
  assert.throws(() =>
    bed.state.transaction(() => {
      bed.responder.record(intents)
      throw new Error('the cursor could not be moved')
    }),
  )
  bed.responder.kick()
  await bed.responder.settled()
  assert.deepEqual([bed.blocked(), bed.responder.list()], [[], []])
})

test('a response whose options are wrong does not act with others instead', async (t) => {
  const bed = await bench(t, { settings: { unusable: ['file-drop'] } })
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual([bed.blocked(), bed.responder.list()], [[], []])
  assert.deepEqual(bed.responder.problems, ['responses.options.file-drop has errors'])
})

test('a burst of the same wish is one lease, and the longest of them counts', async (t) => {
  const bed = await bench(t, { responses: [block('file-drop', { timeout: 60 }), block('file-drop', { timeout: 900 })] })
  await bed.alert({ srcip: '203.0.113.5' })
  const [lease, ...others] = bed.responder.list()
  assert.equal(others.length, 0)
  assert.equal(lease!.until, bed.time.now() + 900_000)
})

test('tells what a response has in force, for the list that firewalls fetch', async (t) => {
  const bed = await bench(t)
  await bed.alert({ srcip: '203.0.113.6' })
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(bed.responder.targets('file-drop'), ['203.0.113.5', '203.0.113.6'])
  assert.deepEqual(bed.responder.targets('other'), [])
  await bed.pass(600)
  assert.deepEqual(bed.responder.targets('file-drop'), [])
})
