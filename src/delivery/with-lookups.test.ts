import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Alert, fromBytes, toBytes } from '../alert.ts'
import type { Outcome } from '../define.ts'
import type { Attempt } from './attempt.ts'
import type { Item, Sender } from './send.ts'
import { alert, FakeClock } from './testing/setup.ts'
import type { Finding, Question } from './types.ts'
import { type WithLookups, withLookups } from './with-lookups.ts'

const known = (said: Record<string, unknown>, ...words: string[]): Finding => ({
  kind: 'known',
  said: { found: 1, ...said },
  words: () => words,
})
const unknown: Finding = { kind: 'unknown', said: { found: 0 } }
const none = (reason: string): Finding => ({ kind: 'none', reason })

function question(service: string, answer: Question['answer'], more: Partial<Question> = {}): Question {
  return {
    service,
    title: service.toUpperCase(),
    about: { kind: 'ip', value: '192.0.2.1' },
    answer,
    missed: () => {},
    ...more,
  }
}

interface Bench {
  clock: FakeClock
  /** What was sent, in order. */
  sent: Item[]
  warned: string[]
  outcome: (item: Item) => Outcome
  sender: Sender
}

function bench(questions: (alert: Alert, only_known: boolean) => Question[], more: Partial<WithLookups> = {}): Bench {
  const clock = new FakeClock()
  const self: Bench = {
    clock,
    sent: [],
    warned: [],
    outcome: () => ({ kind: 'delivered' }),
    sender: undefined as never,
  }
  const take = (item: Item): Attempt => {
    self.sent.push(item)
    return { outcome: self.outcome(item) }
  }
  const inner: Sender = {
    resolves: true,
    send: async (item) => take(item),
    batch: { max_count: 7, max_bytes: 1000, send: async (items) => items.map(take) },
    close: async () => {},
  }
  const warn = (message: string) => void self.warned.push(message)
  self.sender = withLookups(inner, {
    ask: questions,
    lookup_wait: 5,
    language: 'en',
    schedule: clock.schedule,
    warn,
    ...more,
  })
  return self
}

const item = (more: Record<string, unknown> = {}): Item => {
  const line = toBytes(JSON.stringify(alert(1, more)))
  return { line, alert: JSON.parse(fromBytes(line)) }
}
const signal = () => new AbortController().signal
/** Lets promises that are settled go on. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('what services say stands at the end of the line and in the alert, and the line keeps its bytes', async () => {
  const { sender, sent } = bench(() => [
    question('abuseipdb', known({ isp: 'Société "Ж" 😀\u2028' }, 'reported', '', 'FR')),
    question('misp', unknown),
    question('virustotal', none('the quota is used up')),
  ])
  const given = item({ full_log: 'caf\u00e9', data: { text: 'ы' } })
  // A byte that is no UTF-8 stays what it is.
  given.line = given.line.replace('log 1', 'log \xff')
  const { outcome } = await sender.send(given, signal())
  assert.deepEqual(outcome, { kind: 'delivered' })
  const [told] = sent
  const lookups = {
    abuseipdb: { found: 1, isp: 'Société "Ж" 😀\u2028' },
    misp: { found: 0 },
    virustotal: { error: 'the quota is used up' },
  }
  assert.deepEqual(told!.alert.lookups, lookups)
  assert.ok(told!.line.startsWith(`${given.line.slice(0, -1)},"lookups":{`))
  assert.deepEqual(JSON.parse(fromBytes(told!.line)).lookups, lookups)
  assert.equal(told!.original, given.line)
  assert.equal(given.alert.lookups, undefined, 'the alert itself is as it was')
  assert.deepEqual(told!.facts, [
    { name: 'ABUSEIPDB', value: 'reported, FR' },
    { name: 'MISP', value: 'not known' },
    { name: 'VIRUSTOTAL', value: 'no answer (the quota is used up)' },
  ])
})

test('an alert about which nothing is asked is passed on as it is', async () => {
  const { sender, sent } = bench(() => [])
  const given = item()
  await sender.send(given, signal())
  assert.equal(sent[0], given)
})

test('ends of incidents, summaries, and what tells of look-ups already, are passed on as they are', async () => {
  const { sender, sent } = bench(() => assert.fail('nobody is asked'))
  const part = { key: 'k', more: 0, since: 0 }
  for (const given of [
    { ...item(), incident: { ...part, is_over: true } },
    { ...item(), incident: { ...part, is_summary: true } },
    item({ lookups: { of: 'somebody else' } }),
  ]) {
    await sender.send(given, signal())
    assert.equal(sent.pop(), given)
  }
})

test('lines of every shape are still JSON', async () => {
  const { sender, sent } = bench(() => [question('misp', unknown)])
  for (const line of ['{}', '{ }', '{"a":1} ', '{"a":{}}', '{"a":"}"}\t']) {
    await sender.send({ line, alert: JSON.parse(line) }, signal())
    assert.deepEqual(JSON.parse(sent.pop()!.line), { ...JSON.parse(line), lookups: { misp: { found: 0 } } })
  }
})

test('half of a surrogate pair from a service is no text', async () => {
  const { sender, sent } = bench(() => [question('misp', known({ info: 'a\ud83d' }, 'a\ud83d'))])
  await sender.send(item(), signal())
  assert.deepEqual(sent[0]!.alert.lookups, { misp: { found: 1, info: 'a\ufffd' } })
  assert.deepEqual(sent[0]!.facts, [{ name: 'MISP', value: 'a\ufffd' }])
})

test('services are asked at the same time, and an alert waits no longer than it may', async () => {
  let missed = 0
  const answers: ((finding: Finding) => void)[] = []
  const later = () => new Promise<Finding>((resolve) => answers.push(resolve))
  const ask = () => [
    question('quick', later()),
    question('slow', later(), { missed: () => missed++ }),
    question('cached', unknown),
  ]
  const { sender, sent, clock } = bench(ask)
  const sending = sender.send(item(), signal())
  assert.equal(answers.length, 2)
  answers[0]!(known({}, 'bad'))
  clock.advance(4999)
  await settled()
  assert.equal(sent.length, 0)
  clock.advance(1)
  await sending
  assert.deepEqual(sent[0]!.alert.lookups, {
    quick: { found: 1 },
    slow: { error: 'no answer within 5 s' },
    cached: { found: 0 },
  })
  assert.equal(missed, 1)
  // What comes later harms nothing.
  answers[1]!(unknown)
  await settled()
  assert.equal(sent.length, 1)
})

test('with all answers an alert waits no longer', async () => {
  const { sender, sent, clock } = bench(() => [question('misp', Promise.resolve(unknown))])
  await sender.send(item(), signal())
  assert.equal(sent.length, 1)
  clock.advance(60_000)
  assert.equal(sent.length, 1)
})

test('the end of the program ends the wait', async () => {
  const { sender, sent } = bench(() => [question('misp', new Promise(() => {}))])
  const abort = new AbortController()
  const sending = sender.send(item(), abort.signal)
  abort.abort()
  await sending
  assert.equal(sent.length, 1)
})

test('without a wait only what is known already is asked for', async () => {
  const asked: boolean[] = []
  const ask = (_: Alert, only_known: boolean) => {
    asked.push(only_known)
    return [question('misp', unknown)]
  }
  await bench(ask, { lookup_wait: 0 }).sender.send(item(), signal())
  await bench(ask).sender.send(item(), signal())
  assert.deepEqual(asked, [true, false])
})

test('of several things that a service is asked about, the one that it knows comes first', async () => {
  const hash = { kind: 'hash', value: 'abc' } as const
  const cases: [Finding, Finding, Record<string, unknown>, string][] = [
    [unknown, known({ positives: 3 }, '3 of 70'), { found: 1, positives: 3, others: [{ found: 0 }] }, 'abc: 3 of 70'],
    [
      known({ n: 1 }, 'one'),
      known({ n: 2 }, 'two'),
      { found: 1, n: 1, others: [{ found: 1, n: 2 }] },
      '192.0.2.1: one; abc: two',
    ],
    [unknown, none('away'), { error: 'away', source: { hash: 'abc' }, others: [{ found: 0 }] }, 'no answer (away)'],
    [unknown, unknown, { found: 0, others: [{ found: 0 }] }, 'not known'],
  ]
  for (const [first, second, said, words] of cases) {
    const { sender, sent } = bench(() => [question('vt', first), question('vt', second, { about: hash })])
    await sender.send(item(), signal())
    assert.deepEqual(sent[0]!.alert.lookups, { vt: said })
    assert.deepEqual(sent[0]!.facts, [{ name: 'VT', value: words }])
  }
})

test('words are one line of a sane length, in the language of the destination', async () => {
  const said = known({}, 'a\r\nBcc: x\u0000', 'ы'.repeat(500))
  const { sender, sent } = bench(() => [question('a', said), question('b', unknown), question('c', none('x\ny'))], {
    language: 'ru',
  })
  await sender.send(item(), signal())
  const values = sent[0]!.facts!.map(({ value }) => value)
  assert.equal(values[0]!.length, 200)
  assert.ok(values[0]!.startsWith('a Bcc: x, ыыы'))
  assert.deepEqual(values.slice(1), ['неизвестно', 'нет ответа (x y)'])
})

test('what is rejected with what was added is offered once more without', async () => {
  const self = bench(() => [question('misp', unknown)])
  self.outcome = ({ alert }) =>
    alert.lookups ? { kind: 'rejected', reason: 'mapper_parsing_exception' } : { kind: 'delivered' }
  for (const n of [1, 2]) {
    const { outcome } = await self.sender.send(item(), signal())
    assert.equal(outcome.kind, 'delivered', `${n}`)
  }
  assert.equal(self.sent.length, 4)
  assert.equal(self.warned.length, 1, 'told once')
  assert.match(self.warned[0]!, /sent without: mapper_parsing_exception/)

  self.outcome = () => ({ kind: 'rejected', reason: 'never' })
  assert.deepEqual((await self.sender.send(item(), signal())).outcome, { kind: 'rejected', reason: 'never' })
  assert.equal(self.warned.length, 1)
  self.outcome = () => ({ kind: 'retry', reason: 'later' })
  await self.sender.send(item(), signal())
  assert.equal(self.sent.length, 7, 'only what is rejected')
})

test('of a batch all alerts are asked about at once, and only those that are rejected go again', async () => {
  const waiting: ((finding: Finding) => void)[] = []
  const self = bench(({ id }) => {
    if (id === '1705314645.3') return []
    return [question('misp', new Promise((resolve) => waiting.push(resolve)))]
  })
  const { batch } = self.sender
  assert.deepEqual([batch!.max_count, batch!.max_bytes], [7, 1000])
  const items = [1, 2, 3].map((n): Item => ({ line: JSON.stringify(alert(n)), alert: alert(n) }))
  self.outcome = ({ alert }) =>
    alert.lookups && alert.id.endsWith('2') ? { kind: 'rejected', reason: 'no' } : { kind: 'delivered' }
  const sending = batch!.send(items, signal())
  assert.equal(waiting.length, 2)
  for (const answer of waiting) answer(unknown)
  const attempts = await sending
  assert.deepEqual(
    attempts.map(({ outcome }) => outcome.kind),
    ['delivered', 'delivered', 'delivered'],
  )
  assert.deepEqual(
    self.sent.map(({ alert, original }) => [alert.id.slice(-1), original !== undefined]),
    [
      ['1', true],
      ['2', true],
      ['3', false],
      ['2', false],
    ],
  )
})

test('a fault in what asks loses nothing, and is told once', async () => {
  const faults: WithLookups['ask'][] = [
    () => {
      throw new Error('out of order')
    },
    () => [
      question('misp', {
        ...(known({}) as Extract<Finding, { kind: 'known' }>),
        words() {
          throw new Error('no words')
        },
      }),
    ],
    () => [question('misp', Promise.reject(new Error('broken')))],
  ]
  for (const ask of faults) {
    const { sender, sent, warned } = bench(ask)
    const given = item()
    for (const _ of [1, 2]) assert.equal((await sender.send(given, signal())).outcome.kind, 'delivered')
    assert.deepEqual(
      sent.map((one) => one === given),
      [true, true],
    )
    assert.equal(warned.length, 1)
    assert.match(warned[0]!, /^what look-ups say cannot be told, and alerts are sent without: (out|no words|broken)/)
  }
})
