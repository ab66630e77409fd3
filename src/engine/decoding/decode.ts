/**
 * Decoding one event (spec/engine-decoders.md section 5; decoder.c, 4.14.7).
 *
 * ```
 * program name? ──▶ list of roots ──▶ first whose program and prematch match ──▶ first child whose prematch matches, or that has none
 *                                                                                          │
 *                                              fields  ◀── regex or plugin, then the next of the same name, and so on
 * ```
 */
import type { EngineEvent } from '../event.ts'
import type { Match, Pattern } from '../patterns/index.ts'
import { lowered } from '../patterns/text.ts'
import { addDynamic, setStatic } from './fields.ts'
import { Look } from './gates.ts'
import { readHeader } from './header.ts'
import type { DecoderMemory } from './memory.ts'
import { accumulate } from './memory.ts'
import type { Matched } from './plugins/index.ts'
import { runPlugin } from './plugins/index.ts'
import type { Decoder, Decoders, Root } from './tree.ts'

const sharedLook = new Look()

/**
 * Finds the event's decoder and writes its fields into the event.
 *
 * @param event after pre-decoding
 * @param at_ms arrival, milliseconds since 1970
 */
export function decode(event: EngineEvent, decoders: Decoders, memory: DecoderMemory, at_ms: number): void {
  const { program_name: program, log } = event
  const { plain, candidates } = decoders
  const roots = plain
    ? program === undefined
      ? decoders.withoutProgram
      : decoders.withProgram
    : program === undefined
      ? candidates.forLog(log)
      : candidates.forProgram(program)
  // Decoding does not call itself, so one is enough for all.
  const look = plain ? undefined : sharedLook
  look?.begin(lowered(log))
  for (const root of roots) {
    if (plain && program !== undefined && !root.program!.test(program)) continue
    let after = 0
    let left = leftBy(root.program, root.program?.kind === 'pcre2' ? root.program.exec(program!) : undefined, none)
    if (root.prematch) {
      if (look && !look.allows(root.prematchGate!, 0)) continue
      const match = root.prematch.exec(log)
      if (!match) continue
      after = afterMatch(event, match.end)
      left = leftBy(root.prematch, match, left)
    }
    decodeFamily(event, root, after, left, look, decoders, memory)
    break
  }
  if (event.decoder?.accumulate) accumulate(event, memory, at_ms)
}

/**
 * Where the text behind a match begins: at the next byte, or at the end of the text when the match reached it. A match of nothing at the very start
 * ends at the byte before the log, and when that is a NUL the original takes it for the end of the text.
 */
function afterMatch(event: EngineEvent, end: number): number {
  if (end >= event.log.length) return event.log.length
  if (end >= 0) return end + 1
  return readHeader(event.full_log).afterNul ? event.log.length : 0
}

/** Captured texts that no `<regex>` has taken yet. */
type Left = readonly string[]

const none: Left = []

/**
 * The captures that lie about after a pattern was tried. PCRE2 leaves those of the pattern before when it has none itself, and so the groups of
 * a `<prematch>` can become the fields of a `<regex>` whose own groups take no part. OS_Regex always clears them, OS_Match never.
 */
function leftBy(pattern: Pattern | undefined, match: Match | undefined, before: Left): Left {
  if (pattern?.kind === 'osregex') return match?.captures ?? none
  return pattern?.kind === 'pcre2' && match && match.captures.length > 0 ? match.captures : before
}

/**
 * @param afterRoot where the text behind the root's prematch begins
 * @param left captures that the patterns of the root left
 */
function decodeFamily(
  event: EngineEvent,
  root: Root,
  afterRoot: number,
  left: Left,
  look: Look | undefined,
  decoders: Decoders,
  memory: DecoderMemory,
): void {
  const matched: Matched = { decoder: root, afterParent: afterRoot, afterPrematch: afterRoot }
  event.decoder = root.info
  event.type = root.info.type
  const { children } = root
  if (children.length === 0) {
    runChain(event, [root], 0, matched, left, look, decoders, memory)
    return
  }
  let index = 0
  while (index < children.length) {
    const child = children[index]!
    // Without a prematch it is reached and wins, but the event stays that of the root.
    if (!child.prematch) break
    const start = child.prematchOffset === 'parent' ? afterRoot : 0
    const isWorth = !look || look.allows(child.prematchGate!, start)
    const match = isWorth ? child.prematch.exec(event.log, start) : undefined
    left = leftBy(child.prematch, match, left)
    if (match) {
      matched.decoder = child
      matched.afterPrematch = afterMatch(event, match.end)
      event.decoder = child.info
      event.type = child.info.type
      break
    }
    index = afterChain(children, index)
  }
  if (index < children.length) runChain(event, children, index, matched, left, look, decoders, memory)
}

/** The place behind a child that failed, and behind all that continue it. */
function afterChain(children: readonly Decoder[], index: number): number {
  if (children[index]!.hasNext) {
    do index++
    while (index < children.length && children[index]!.hasNext)
  }
  return index + 1
}

/** Runs the regex or plugin of the decoder at `index` and of those that continue it. */
function runChain(
  event: EngineEvent,
  siblings: readonly Decoder[],
  index: number,
  matched: Matched,
  left: Left,
  look: Look | undefined,
  decoders: Decoders,
  memory: DecoderMemory,
): void {
  let afterRegex = matched.afterPrematch
  for (; ; index++) {
    const decoder = siblings[index]!
    if (decoder.plugin) {
      runPlugin(decoder.plugin, event, matched, decoders, memory)
      // The only one with patterns of its own, and the only one that changes the log.
      if (decoder.plugin === 'SonicWall_Decoder') left = none
      if (decoder.plugin === 'OSSECAlert_Decoder') look = undefined
    } else if (decoder.regex) {
      const { regexOffset } = decoder
      const from =
        regexOffset === 'log'
          ? 0
          : regexOffset === 'parent'
            ? matched.afterParent
            : regexOffset === 'prematch'
              ? matched.afterPrematch
              : afterRegex
      const isWorth = !look || look.allows(decoder.regexGate!, from)
      const match = isWorth ? decoder.regex.exec(event.log, from) : undefined
      left = leftBy(decoder.regex, match, left)
      if (match) {
        afterRegex = afterMatch(event, match.end)
        if (event.names.length >= decoders.maxFields) return
        const count = Math.min(left.length, decoder.order.length)
        for (let i = 0; i < count; i++) {
          const target = decoder.order[i]!
          const value = left[i]!
          if (typeof target === 'number') setStatic(event, target, value, decoders.geoip)
          else addDynamic(event, target, value)
        }
        left = none
      } else if (!decoder.hasNext) return
    } else return
    if (!decoder.hasNext) return
  }
}
