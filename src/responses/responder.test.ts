import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bench, block, command, fileFirewall } from './test-kit.ts'

/** Years pass faster when not every minute is looked at. */
const rarely = { compare_ms: 1e12 }

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

test('at most so many new ones a minute, also over a restart', async (t) => {
  const bed = await bench(t, { settings: { max_per_minute: 3 } })
  for (let n = 1; n <= 5; n++) await bed.alert({ srcip: `203.0.113.${n}` })
  assert.equal(bed.blocked().length, 3)
  assert.deepEqual(
    bed.responder
      .refusals(10)
      .map(({ key, guard, reason }) => [key, guard, reason])
      .sort(),
    [4, 5].map((n) => [`203.0.113.${n}`, 'rate', 'more than 3 new ones within a minute']),
  )
  const again = await bed.restart()
  await again.alert({ srcip: '203.0.113.6' })
  assert.equal(again.blocked().length, 3)
  await again.pass(61)
  await again.alert({ srcip: '203.0.113.6' })
  assert.equal(again.blocked().length, 4)
})

test('over the limit a person may be asked; silence means what was configured', async (t) => {
  const over_limit = { kind: 'ask', seconds: 300, otherwise: 'refuse' } as const
  const bed = await bench(t, { settings: { max_per_minute: 1 }, tuning: { over_limit } })
  for (let n = 1; n <= 4; n++) await bed.alert({ srcip: `203.0.113.${n}` })
  const [, second, third, fourth] = bed.responder.list().sort((a, b) => (a.key < b.key ? -1 : 1))
  assert.match(second!.reason!, /waits for approval/)
  assert.equal(bed.responder.answer(second!.id, true, { reason: '', by: 'cli:root' }).ok, false, 'a reason is needed')
  assert.equal(bed.responder.answer(second!.id, true, { reason: 'scanner', by: 'cli:root' }).ok, true)
  assert.equal(bed.responder.answer(third!.id, false, { reason: 'a customer', by: 'cli:root' }).ok, true)
  await bed.responder.settled()
  assert.deepEqual(bed.blocked(), ['203.0.113.1', '203.0.113.2'])
  await bed.pass(300)
  assert.equal(bed.responder.show(fourth!.id)!.note, 'nobody approved it in time')
  assert.deepEqual(
    bed.responder.audit(9).map(({ what, reason, by }) => [what, reason, by]),
    [
      ['denied', 'a customer', 'cli:root'],
      ['approved', 'scanner', 'cli:root'],
    ],
  )
})

test('when nobody answers it may be done all the same', async (t) => {
  const over_limit = { kind: 'ask', seconds: 300, otherwise: 'act' } as const
  const bed = await bench(t, { settings: { max_per_minute: 1 }, tuning: { over_limit } })
  for (let n = 1; n <= 2; n++) await bed.alert({ srcip: `203.0.113.${n}` })
  await bed.pass(299)
  assert.deepEqual(bed.blocked(), ['203.0.113.1'])
  await bed.pass(1)
  assert.deepEqual(bed.blocked(), ['203.0.113.1', '203.0.113.2'])
})

test('all that wait can be answered at once; each is in the audit', async (t) => {
  const over_limit = { kind: 'ask', seconds: 300, otherwise: 'refuse' } as const
  const asked: [string, number, number][] = []
  const bed = await bench(t, {
    settings: { max_per_minute: 1 },
    tuning: { over_limit },
    asked(block, until) {
      asked.push([block.key, block.asks!.seconds, until - block.since])
      return `http://outrider.example.com/approve/${block.key}`
    },
  })
  for (let n = 1; n <= 3; n++) await bed.alert({ srcip: `203.0.113.${n}` })
  assert.deepEqual(asked, [
    ['203.0.113.2', 600, 300_000],
    ['203.0.113.3', 600, 300_000],
  ])
  const told = bed.log.records.filter(({ fields }) => fields?.approve !== undefined)
  assert.equal(told[0]!.fields!.approve, 'http://outrider.example.com/approve/203.0.113.2')
  assert.equal(bed.responder.answerAll(true, { reason: ' ', by: 'me' }).ok, false, 'a reason is needed')
  const before = Math.min(...bed.responder.list().map(({ since }) => since)) - 1
  const unseen = bed.responder.answerAll(true, { reason: 'scan', by: 'me' }, before)
  assert.deepEqual(unseen, { ok: true, value: { count: 0 } }, 'they came after somebody looked')
  assert.deepEqual(bed.responder.answerAll(true, { reason: 'scan', by: 'me' }), { ok: true, value: { count: 2 } })
  await bed.responder.settled()
  assert.equal(bed.blocked().length, 3)
  assert.deepEqual(
    bed.responder
      .audit(9)
      .map(({ what, target }) => `${what} ${target}`)
      .sort(),
    ['approved 203.0.113.2', 'approved 203.0.113.3'],
  )
  assert.deepEqual(bed.responder.answerAll(false, { reason: 'x', by: 'me' }), { ok: true, value: { count: 0 } })
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

test('by hand: add, extend, remove, with a reason that is kept', async (t) => {
  const bed = await bench(t)
  const by = 'cli:root'
  const { responder } = bed
  assert.deepEqual(responder.responses(), ['file-drop'])
  const wrong = responder.add({ response: 'file-drop', key: 'x', seconds: 60, reason: 'r', by })
  assert.deepEqual(wrong, { ok: false, status: 400, error: '"x" is no address that file-drop could act on' })
  const refused = responder.add({ response: 'file-drop', key: '127.0.0.1', seconds: 60, reason: 'r', by })
  assert.match(!refused.ok ? refused.error : '', /refused \(loopback\)/)
  const unknown = responder.add({ response: 'nothing', key: '192.0.2.1', seconds: 60, reason: 'r', by })
  assert.match(!unknown.ok ? unknown.error : '', /there is no active-response\/bin\/nothing/)

  const added = responder.add({ response: 'file-drop', key: '198.51.100.0/25', seconds: 60, reason: 'scanners', by })
  assert.ok(added.ok)
  await responder.settled()
  assert.deepEqual(bed.blocked(), ['198.51.100.0/25'])
  const { id } = added.value
  const extended = responder.extend(id, 60, { reason: 'still there', by })
  assert.deepEqual(extended, { ok: true, value: { until: bed.time.now() + 120_000 } })
  await bed.pass(61)
  assert.deepEqual(bed.blocked(), ['198.51.100.0/25'])
  assert.deepEqual(responder.remove(id, { reason: 'sorted out', by }), { ok: true, value: {} })
  await responder.settled()
  assert.deepEqual(bed.blocked(), [])
  assert.equal(responder.remove(id, { reason: 'again', by }).ok, false)
  assert.deepEqual(
    responder.audit(10).map(({ what, target, reason }) => [what, target, reason]),
    [
      ['removed', '198.51.100.0/25', 'sorted out'],
      ['extended', '198.51.100.0/25', 'still there'],
      ['added file-drop', '198.51.100.0/25', 'scanners'],
      ['refused to add file-drop', '127.0.0.1', 'r'],
    ],
  )
})

test('a block for ever stays until it is removed by hand', async (t) => {
  const bed = await bench(t, { responses: [block('file-drop', { timeout: 0 })], tuning: rarely })
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.pass(10 * 365 * 86_400)
  assert.deepEqual(bed.blocked(), ['203.0.113.5'])
  const [lease] = bed.responder.list()
  assert.equal(lease!.until, undefined)
  bed.responder.remove(lease!.id, { reason: 'r', by: 'cli:root' })
  await bed.responder.settled()
  assert.deepEqual(bed.blocked(), [])
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

test('what a person allows is undone and refused, until then', async (t) => {
  const bed = await bench(t)
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.alert({ srcip: '203.0.113.6' })
  const by = 'cli:root'
  assert.equal(bed.responder.allow('203.0.113.5/31', 3600, { reason: '', by }).ok, false)
  const allowed = bed.responder.allow('203.0.113.5/32', 3600, { reason: 'a customer', by })
  assert.deepEqual(allowed, { ok: true, value: { undone: 1 } })
  await bed.responder.settled()
  assert.deepEqual(bed.blocked(), ['203.0.113.6'])
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(bed.blocked(), ['203.0.113.6'])
  const [refusal] = bed.responder.refusals(1)
  assert.deepEqual([refusal!.guard, refusal!.reason], ['allowed', '203.0.113.5 is allowed: a customer'])
  assert.deepEqual(
    bed.responder.allowed().map(({ entry, until }) => [entry, until]),
    [['203.0.113.5', bed.time.now() + 3_600_000]],
  )
  await bed.pass(3600)
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(bed.blocked(), ['203.0.113.5'])
  bed.responder.allow('203.0.113.5', 0, { reason: 'for good', by })
  await bed.responder.settled()
  assert.equal(bed.responder.disallow('203.0.113.5', { reason: 'not for good', by }).ok, true)
  assert.equal(bed.responder.disallow('203.0.113.5', { reason: 'again', by }).ok, false)
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(bed.blocked(), ['203.0.113.5'])
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

test('by hand in a dry run: said, not done, and not twice', async (t) => {
  const bed = await bench(t, { settings: { enabled: false } })
  const add = () =>
    bed.responder.add({ response: 'file-drop', key: '203.0.113.5', seconds: 60, reason: 'r', by: 'test' })
  const first = add()
  await bed.responder.settled()
  assert.deepEqual(add(), first)
  await bed.responder.settled()
  assert.deepEqual([bed.blocked(), bed.responder.list().length], [[], 1])
  assert.ok(first.ok && bed.responder.remove(first.value.id, { reason: 'r', by: 'test' }).ok)
  assert.deepEqual(bed.responder.list(), [])
})
