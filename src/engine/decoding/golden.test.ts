// Pre-decoding and decoders against what the real engine answered: decoder and parent, program, time stamp and every field of `data`.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fromBytes, toBytes } from '../../alert.ts'
import { buildData, printData } from '../alert-data.ts'
import { EngineEvent } from '../event.ts'
import type { SourceFile } from '../index.ts'
import { extraSources, goldenLines, skip, suiteSources } from '../testing/stock.ts'
import { createDecoderMemory, decode, loadDecoders, predecode } from './index.ts'

interface Answer {
  session: number
  request?: { event?: unknown; event_b64?: string; location: string; raw?: string }
  output?: { timestamp: string; predecoder?: Record<string, string>; decoder: Record<string, unknown>; data?: unknown }
  response_b64?: string
}

/** What the decoders decide of an alert, as text. Bytes that are not UTF-8 stay as they are. */
function decided(answer: Answer): string {
  const { predecoder, decoder, data } = answer.output!
  return JSON.stringify([
    predecoder?.program_name,
    predecoder?.timestamp,
    decoder.name,
    decoder.parent,
    decoder.ftscomment,
    data ?? {},
  ])
}

function differences(name: string, files: SourceFile[], plain: boolean): { cases: number; wrong: string[] } {
  const { decoders } = loadDecoders(files, { plain })
  const wrong: string[] = []
  let cases = 0
  let session = Number.NaN
  let memory = createDecoderMemory()
  for (const line of goldenLines(name)) {
    // A reply that is not UTF-8 was recorded as its bytes; all others are texts.
    const answer = JSON.parse(fromBytes(line)) as Answer
    const isBytes = answer.response_b64 !== undefined
    if (isBytes) answer.output = JSON.parse(Buffer.from(answer.response_b64!, 'base64').toString('latin1')).data.output
    const { request, output } = answer
    if (!request || request.raw !== undefined || !output) continue
    if (answer.session !== session) memory = createDecoderMemory()
    session = answer.session
    cases++
    const log =
      request.event_b64 === undefined
        ? toBytes(typeof request.event === 'string' ? request.event : JSON.stringify(request.event))
        : Buffer.from(request.event_b64, 'base64').toString('latin1')
    const event = new EngineEvent()
    predecode(event, { log, location: toBytes(request.location) }, 'vm')
    decode(event, decoders, memory, Date.parse(output.timestamp.replace('+0000', 'Z')))
    const shown = [
      event.program_name,
      event.timestamp,
      event.decoder?.name,
      event.decoder?.parent,
      event.decoder?.ftscomment,
    ]
    const json = `${JSON.stringify(shown).slice(0, -1)},${printData(buildData(event))}]`
    const got = JSON.stringify(JSON.parse(isBytes ? json : fromBytes(json)))
    const expected = JSON.stringify(JSON.parse(decided(answer)))
    if (got !== expected) wrong.push(`${JSON.stringify(request)}\n  expected ${expected}\n  got      ${got}`)
  }
  return { cases, wrong }
}

describe('decodes as the real engine', { skip }, () => {
  for (const plain of [true, false]) {
    const way = plain ? 'plain' : 'fast'
    test(`on every line of Wazuh's own test suite (${way})`, () => {
      const { cases, wrong } = differences('ruleset-tests.jsonl.gz', suiteSources().decoders, plain)
      assert.deepEqual(wrong, [])
      assert.equal(cases, 2_055)
    })

    test(`on lines beyond the suite (${way})`, () => {
      const { cases, wrong } = differences('extra.jsonl.gz', extraSources().decoders, plain)
      assert.deepEqual(wrong, [])
      assert.ok(cases > 400, String(cases))
    })
  }
})
