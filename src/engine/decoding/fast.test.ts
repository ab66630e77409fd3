// The fast way against the plain one: decoder, type, every field and what a plugin changes, over real lines and variants of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBytes, toBytes } from '../../alert.ts'
import { mutated, seeded } from '../testing/mutate.ts'
import { extraSources, goldenLines, skip, suiteSources } from '../testing/stock.ts'
import type { DecoderMemory, LoadedDecoders } from './index.ts'
import { createDecoderMemory, loadDecoders } from './index.ts'
import { decoded, load } from './testing.ts'

function shown(loaded: LoadedDecoders, log: string, memory: DecoderMemory): string {
  const {
    full_log,
    log: rest,
    location,
    hostname,
    decoder,
    type,
    statics,
    names,
    values,
  } = decoded(loaded, log, memory)
  return JSON.stringify([full_log, rest, location, hostname, decoder, type, statics, names, values])
}

/** Runs both ways over the lines, with memories of their own. */
function compare(plain: LoadedDecoders, fast: LoadedDecoders, logs: readonly string[]): void {
  const memories = [createDecoderMemory(), createDecoderMemory()] as const
  for (const log of logs) assert.equal(shown(fast, log, memories[1]), shown(plain, log, memories[0]), log)
}

/** Lines like these, some with the header of a program in front. */
function variants(logs: readonly string[], count: number, seed: number): string[] {
  const next = seeded(seed)
  const pick = () => logs[next(logs.length)]!
  return Array.from({ length: count }, () => {
    const log = mutated(pick(), logs, next)
    const header = ['Dec 10 01:02:03 host ', `Dec 10 01:02:03 host ${pick().split(' ')[next(6)] ?? ''}: `][next(12)]
    return (header ?? '') + log
  })
}

test('the fast way decides as the plain one, with decoders of our own', () => {
  const text =
    '<decoder name="app"><program_name>^app</program_name></decoder>' +
    '<decoder name="in"><parent>app</parent><prematch>^login |^logon </prematch><regex offset="after_prematch">^user=(\\S+) src=(\\S+)</regex><order>user,srcip</order></decoder>' +
    '<decoder name="kv"><parent>app</parent><regex>a=(\\w+)</regex><order>a</order></decoder>' +
    '<decoder name="kv"><parent>app</parent><regex offset="after_regex">b=(\\d*)</regex><order>b</order></decoder>' +
    '<decoder name="kv"><parent>app</parent><regex type="pcre2">(?i)c=(\\w+)?</regex><order>c</order></decoder>' +
    '<decoder name="date"><prematch>^\\d\\d/\\d\\d |^(\\w+)@</prematch><regex offset="after_prematch">(\\d+)%</regex><order>n</order></decoder>' +
    '<decoder name="tail"><prematch type="pcre2">^(\\w+) (end|stop)$</prematch></decoder>' +
    '<decoder name="json"><prematch>^{\\s*"</prematch><plugin_decoder>JSON_Decoder</plugin_decoder></decoder>' +
    '<decoder name="fwd"><prematch>Alert Level:</prematch></decoder>' +
    '<decoder name="fwd-1"><parent>fwd</parent><plugin_decoder>OSSECAlert_Decoder</plugin_decoder></decoder>' +
    '<decoder name="fwd-1"><parent>fwd</parent><regex>(\\w+) login</regex><order>who</order></decoder>' +
    '<decoder name="any"><prematch>x\\.*y</prematch></decoder>'
  const stamp = 'Jan 15 10:30:45 web app[3]:'
  const logs = [
    `${stamp} login user=bob src=1.1.1.1`,
    `${stamp} a=1 b=2 c=3`,
    `${stamp} b=2 a=1 C=`,
    '12/24 a 7% x',
    'me@ 30% y',
    'foo stop',
    '{"a": {"b": [1, 2]}, "user": "x"}',
    'x and y',
    'Alert Level: 3; Rule: 1 - x; Location: l;  the login',
  ]
  const both = [load(text, { plain: true }), load(text)] as const
  assert.deepEqual(both[0].problems, [])
  compare(...both, [...logs, ...variants(logs, 5_000, 1)])
})

test('the fast way decides as the plain one, over the recorded lines and mutations of them', { skip }, () => {
  const logs = ['ruleset-tests.jsonl.gz', 'extra.jsonl.gz'].flatMap(goldenLines).flatMap((line) => {
    const { request } = JSON.parse(fromBytes(line))
    return typeof request?.event === 'string' ? [toBytes(request.event)] : []
  })
  const files = [
    ...suiteSources().decoders,
    ...extraSources().decoders.filter(({ path }) => path.endsWith('extra-decoders.xml')),
  ]
  compare(loadDecoders(files, { plain: true }), loadDecoders(files), [...logs, ...variants(logs, 6_000, 2)])
})
