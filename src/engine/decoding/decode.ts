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
import type { Shape } from '../shape.ts'
import type { Row } from './candidates.ts'
import { addDynamic, setStatic } from './fields.ts'
import { afterPart, type Look, logLook, prematchGate, regexGate, screenOf } from './gates.ts'
import { readHeader } from './header.ts'
import type { DecoderMemory } from './memory.ts'
import { accumulate } from './memory.ts'
import { runPlugin } from './plugins/index.ts'
import type { Assigned, Decoder, Decoders, Family, Root } from './tree.ts'

/** Captured texts that no `<regex>` has taken yet. */
type Left = string[]

const none: Left = []

/** One event in the family of decoders that it belongs to. */
interface Run {
  readonly event: EngineEvent
  readonly decoders: Decoders
  readonly memory: DecoderMemory
  /** Undefined: every pattern is tried. */
  look: Look | undefined
  /** The decoder that matched: the root, or a child whose prematch did. */
  decoder: Decoder
  /** Where the text behind the prematch of the root begins, and behind that of the decoder that matched. */
  readonly afterParent: number
  afterPrematch: number
  left: Left
}

/**
 * Finds the event's decoder and writes its fields into the event.
 *
 * @param event after pre-decoding
 * @param at_ms arrival, milliseconds since 1970
 */
export function decode(event: EngineEvent, decoders: Decoders, memory: DecoderMemory, at_ms: number): void {
  const { program_name: program, log } = event
  const look = decoders.plain ? undefined : logLook
  look?.begin(lowered(log))
  const { roots, screen } = rootsFor(event, decoders)
  look?.prepare(screen)
  for (let i = 0, at = 0; i < roots.length; i++, at = afterPart(screen, at)) {
    if (look && !look.passes(screen, at)) continue
    const root = roots[i]!
    if (!look && program !== undefined && !root.program!.test(program)) continue
    let left = leftBy(root.program, root.program?.kind === 'pcre2' ? root.program.exec(program!) : undefined, none)
    let after = 0
    if (root.prematch) {
      if (look && !look.allows(prematchGate(root), 0)) continue
      const match = root.prematch.exec(log)
      if (!match) continue
      after = afterMatch(event, match.end)
      left = leftBy(root.prematch, match, left)
    }
    event.decoder = root.info
    event.type = root.info.type
    runFamily({ event, decoders, memory, look, decoder: root, afterParent: after, afterPrematch: after, left }, root)
    break
  }
  if (event.decoder?.accumulate) accumulate(event, memory, at_ms)
}

/** Those worth trying, in order. There is no way from one list to the other. */
function rootsFor({ program_name, log }: EngineEvent, decoders: Decoders): Row {
  if (decoders.plain) {
    return { roots: program_name === undefined ? decoders.withoutProgram : decoders.withProgram, screen: '' }
  }
  const { candidates } = decoders
  return program_name === undefined ? candidates.forLog(log) : candidates.forProgram(program_name)
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

/**
 * The captures that lie about after a pattern was tried. PCRE2 leaves those of the pattern before when it has none itself, and so the groups of
 * a `<prematch>` can become the fields of a `<regex>` whose own groups take no part. OS_Regex always clears them, OS_Match never.
 */
function leftBy(pattern: Pattern | undefined, match: Match | undefined, before: Left): Left {
  if (pattern?.kind === 'osregex') return match?.captures ?? none
  return pattern?.kind === 'pcre2' && match && match.captures.length > 0 ? match.captures : before
}

/** Goes on with the first child that fits; a decoder without children has its own regex or plugin. */
function runFamily(run: Run, root: Root): void {
  const { children } = root
  if (children.length === 0) runChain(run, [root], 0)
  const { look } = run
  const { heads, screen } = (root.family ??= familyOf(root))
  // A pattern that fails clears what others have left, so then each is asked.
  const isScreened = look !== undefined && run.left.length === 0
  if (isScreened) look.prepare(screen)
  for (let i = 0, at = 0; i < heads.length; i++, at = afterPart(screen, at)) {
    if (isScreened && !look.passes(screen, at)) continue
    const index = heads[i]!
    const child = children[index]!
    // Without a prematch it is reached and wins, but the event stays that of the root.
    if (child.prematch && !isMatched(run, child, child.prematch)) continue
    runChain(run, children, index)
    break
  }
}

/** Whether the prematch of a child matches, which makes it the event's decoder. */
function isMatched(run: Run, child: Decoder, prematch: Pattern): boolean {
  const { event, look } = run
  const start = child.prematchOffset === 'parent' ? run.afterParent : 0
  const match = !look || look.allows(prematchGate(child), start) ? prematch.exec(event.log, start) : undefined
  run.left = leftBy(prematch, match, run.left)
  if (!match) return false
  run.decoder = child
  run.afterPrematch = afterMatch(event, match.end)
  event.decoder = child.info
  event.type = child.info.type
  return true
}

function familyOf({ children }: Root): Family {
  const heads: number[] = []
  for (let index = 0; index < children.length; index = afterChain(children, index)) heads.push(index)
  const gates = heads.map((index) => (children[index]!.prematch ? prematchGate(children[index]!) : undefined))
  return { heads, screen: screenOf(gates) }
}

/** The place behind a child, and behind all that continue it. */
function afterChain(children: readonly Decoder[], index: number): number {
  if (children[index]!.hasNext) {
    do index++
    while (index < children.length && children[index]!.hasNext)
  }
  return index + 1
}

function chainScreenOf(siblings: readonly Decoder[], from: number): string {
  const chain = siblings.slice(from, afterChain(siblings, from))
  return screenOf(chain.map((decoder) => (decoder.regex && !decoder.plugin ? regexGate(decoder) : undefined)))
}

/** Runs the regex or plugin of the decoder at `index` and of those that continue it, whatever fails on the way. */
function runChain(run: Run, siblings: readonly Decoder[], index: number): void {
  const { event, decoders, memory } = run
  let afterRegex = run.afterPrematch
  const screen = run.look?.isNoted ? (siblings[index]!.chainScreen ??= chainScreenOf(siblings, index)) : ''
  for (let at = 0; ; index++, at = afterPart(screen, at)) {
    if (run.look && run.left.length === 0 && !run.look.passes(screen, at)) {
      if (afterPart(screen, at) === screen.length) return
      continue
    }
    const decoder = siblings[index]!
    const { plugin, regex, regexOffset } = decoder
    if (plugin) {
      runPlugin(plugin, event, run, decoders, memory)
      // The only one with patterns of its own, and the only one that changes the log.
      if (plugin === 'SonicWall_Decoder') run.left = none
      if (plugin === 'OSSECAlert_Decoder') run.look = undefined
    } else if (regex) {
      const from = regexOffset === 'log' ? 0 : regexOffset === 'regex' ? afterRegex : startOf(run, regexOffset)
      const match = !run.look || run.look.allows(regexGate(decoder), from) ? regex.exec(event.log, from) : undefined
      run.left = leftBy(regex, match, run.left)
      if (match) {
        afterRegex = afterMatch(event, match.end)
        if (event.values.length >= decoders.maxFields) return
        assign(run, decoder)
      }
    } else return
    if (!decoder.hasNext) return
  }
}

const startOf = (run: Run, offset: 'parent' | 'prematch') => (offset === 'parent' ? run.afterParent : run.afterPrematch)

/** Gives the captures the names of `<order>`; what is left over on either side is dropped. */
function assign(run: Run, decoder: Decoder): void {
  const { event, left, decoders } = run
  const { order, assigned } = decoder
  const { shape, values } = event
  const count = Math.min(left.length, order.length)
  run.left = none
  // Mostly the names come to what they came to before, and then they need not be looked at.
  const known = knownFor(assigned, shape, count)
  if (known?.isDynamic) {
    // The list of a match is its own, so it need not be copied; that of no match is everybody's.
    if (values.length === 0 && left.length === count && count > 0) event.values = left
    else for (let i = 0; i < count; i++) values.push(left[i]!)
  } else {
    for (let i = 0; i < count; i++) {
      const target = order[i]!
      if (typeof target === 'number') setStatic(event, target, left[i]!, decoders.geoip)
      else if (known) values.push(left[i]!)
      else addDynamic(event, target, left[i]!)
    }
  }
  if (known) event.shape = known.to
  else if (!decoders.plain) {
    const isDynamic = order.every((target) => typeof target === 'string')
    if (assigned.length === mostAssigned) assigned.shift()
    assigned.push({ count, from: shape, to: event.shape, isDynamic })
  }
}

/** What comes before a decoder in its chain, and may have matched or not, makes few shapes. */
const mostAssigned = 8

function knownFor(assigned: readonly Assigned[], shape: Shape, count: number): Assigned | undefined {
  for (let i = 0; i < assigned.length; i++) {
    const one = assigned[i]!
    if (one.from === shape && one.count === count) return one
  }
  return undefined
}
