/**
 * The automaton of OS_Regex over number tables: the same steps as os-regex.ts, for the alternatives that no cheaper matcher takes.
 *
 * It reads the lower-cased text, so a literal is one comparison and a class one look into a table with a bit for each class. Two short cuts:
 * literals that an alternative begins with are found by a search, since failing before their end leaves nothing behind; and an alternative
 * whose literals are not there in order is not run at all.
 *
 *   (\S+) from (\S+) port on a 114-byte sshd line: plain 1.5 µs, table 0.5 µs
 */
import { type Chain, mayHold } from './literals.ts'
import type { RegexAlternative } from './os-regex-parse.ts'
import { classes, markByte, maxSteps } from './os-regex-parse.ts'

/** What {@link RegexRunner.run} answers when there is no match. An end can be as low as -1. */
export const noMatch = -2

/** Finds one alternative of an OS_Regex pattern. */
export interface RegexRunner {
  /**
   * @param lower the lower-cased text
   * @param start where it begins
   * @param marks filled with the positions of the marks; undefined when not recording
   * @returns the end index, or {@link noMatch}
   */
  run(lower: string, start: number, marks: Int32Array | undefined): number
}

const end = 0
const literal = 1
const mark = 2
const single = 3
const plus = 4
const star = 5

const classBits = new Uint16Array(256)
const bitOf = new Map<Uint8Array, number>()
for (const members of classes.values()) {
  const bit = 1 << bitOf.size
  bitOf.set(members, bit)
  for (const [byte, isMember] of members.entries()) if (isMember) classBits[byte]! |= bit
}

/** An alternative in tables. */
export class TableRunner implements RegexRunner {
  private readonly kinds: Uint8Array
  /** Literal: its byte, -1 for one that no text has. Mark: its number. Class: its bit. */
  private readonly values: Int32Array
  private readonly size: number
  private readonly atStart: boolean
  private readonly atEnd: boolean
  private readonly lead: string
  /** Where the tokens go on behind the lead. */
  private readonly leadPlace: number
  private readonly leadMark: number
  private readonly chain: Chain
  private readonly savedPlaces = new Int32Array(4)
  private readonly savedPositions = new Int32Array(4)

  constructor({ tokens, atStart, atEnd }: RegexAlternative, chain: Chain) {
    this.chain = chain
    this.size = tokens.length
    this.atStart = atStart
    this.atEnd = atEnd
    // A sentinel behind the end, so that looking two tokens ahead needs no test.
    this.kinds = new Uint8Array(this.size + 3)
    this.values = new Int32Array(this.size + 3)
    for (const [i, token] of tokens.entries()) {
      if (token.kind === 'class') {
        this.kinds[i] = token.repeat === '+' ? plus : token.repeat === '*' ? star : single
        this.values[i] = bitOf.get(token.members)!
      } else if (token.kind === 'mark') {
        this.kinds[i] = mark
        this.values[i] = token.index
      } else {
        this.kinds[i] = literal
        this.values[i] = token.byte < 0x80 ? token.byte : -1
      }
    }
    this.leadMark = tokens[0]?.kind === 'mark' ? tokens[0].index : -1
    let place = this.leadMark === -1 ? 0 : 1
    let lead = ''
    for (; this.kinds[place] === literal && this.values[place] !== -1; place++)
      lead += String.fromCharCode(this.values[place]!)
    this.lead = lead
    this.leadPlace = place
  }

  run(lower: string, start: number, marks: Int32Array | undefined): number {
    const { kinds, values, size, atStart, atEnd, lead, leadPlace, leadMark, savedPlaces, savedPositions } = this
    if (!mayHold(this.chain, lower, start)) return noMatch
    const length = lower.length
    let saved = 0
    let place = 0
    let last = start
    let repeating = false
    let first = -1
    let at = start
    let steps = maxSteps

    for (; at < length; at++) {
      if (--steps < 0) return noMatch
      if (place === 0 && lead !== '') {
        // Only at the very start and after a restart: nothing saved, no first position.
        const found = atStart ? (lower.startsWith(lead, at) ? at : -1) : lower.indexOf(lead, at)
        if (found === -1) return noMatch
        if (leadMark !== -1 && marks) marks[leadMark] = found
        first = found
        at = found + lead.length - 1
        last = at
        place = leadPlace
        continue
      }
      if (place === size && !atEnd) return last
      if (kinds[place] === mark) {
        if (marks) marks[values[place]!] = at
        place++
        if (place === size && !atEnd) return last
      }
      const byte = lower.charCodeAt(at)
      const kind = kinds[place]!
      if (kind >= single) {
        if ((classBits[byte]! & values[place]!) !== 0) {
          if (kind === single) {
            place++
            if (first === -1) first = at
            last = at
            continue
          }
          if (kind === star) repeating = true
          if (!repeating) {
            if (marks && kinds[place + 1] === mark) marks[values[place + 1]!] = at + 1 === length ? length : at
            repeating = true
            last = at
            continue
          }
          let after = place + 1
          const skips = kinds[after] === mark
          if (skips) after++
          if (after === size) {
            if (skips && marks) marks[values[after - 1]!] = at + 1
            continue
          }
          const nextKind = kinds[after]!
          let landing = -1
          if (nextKind >= single) {
            if ((classBits[byte]! & values[after]!) !== 0) landing = nextKind === single ? after + 1 : after
          } else if ((nextKind === mark ? markByte : values[after]!) === byte) {
            repeating = false
            landing = after + 1
          }
          if (landing !== -1) {
            if (skips && marks) marks[values[after - 1]!] = at
            if (saved < 4) {
              savedPlaces[saved] = place
              savedPositions[saved] = at
              saved++
            }
            place = landing
          }
          last = at
          continue
        }
        const isLast = place + 1 === size || (kind === single && kinds[place + 1]! < single && place + 2 === size)
        if (isLast && repeating && last !== noMatch) {
          last = at
          if (!atEnd) return last
        } else if (kind === star || (kind === plus && repeating)) {
          if (kind === star) last = at - 1
          place++
          repeating = false
          at--
          continue
        }
        repeating = false
      } else if (kind !== end && (kind === mark ? markByte : values[place]!) === byte) {
        place++
        if (first === -1) first = at
        last = at
        continue
      }

      if (saved > 0) {
        saved--
        place = savedPlaces[saved]!
        at = savedPositions[saved]!
        continue
      }
      if (atStart) return noMatch
      if (first !== -1) {
        at = first
        first = -1
      }
      place = 0
      last = noMatch
    }
    return this.acceptsAtEnd(place, repeating, length, marks) ? last : noMatch
  }

  private acceptsAtEnd(stopped: number, repeating: boolean, length: number, marks: Int32Array | undefined): boolean {
    const { kinds, values, size } = this
    let place = stopped
    if (marks) {
      while (kinds[place] === star) place++
      if (kinds[place] === mark) marks[values[place]!] = length
    }
    if (kinds[place] === mark) place++
    if (place === size) return true
    if (repeating && kinds[place]! >= single) {
      const wasSingle = kinds[place] === single
      place++
      if (!wasSingle) {
        if (kinds[place] === mark) place++
        if (place === size) return true
        if (kinds[place] === plus) return false
        if (kinds[place] === star) {
          place++
          if (kinds[place] === mark) place++
          if (place === size) return true
        } else if (kinds[place] === single) place++
      }
    }
    if (kinds[place] !== star) return false
    place++
    if (kinds[place] === mark) place++
    return place === size
  }
}
