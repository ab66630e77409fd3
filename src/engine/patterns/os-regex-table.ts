/**
 * The automaton of OS_Regex over number tables: the same steps as os-regex.ts, for the alternatives that no cheaper matcher takes.
 *
 * It reads the lower-cased text, so a literal is one comparison and a class one look into a table with a bit for each class. The short cuts,
 * each of which leaves the same state behind as going byte by byte:
 *
 * - Literals that it begins with are found by a search: failing before their end leaves nothing behind. So are literals behind classes without
 *   repeat that it begins with, while no repeated class has begun (a byte that such a class does not take would end that).
 * - An alternative whose other literals do not follow in order is not run at all.
 * - Other literals in a row are compared at once. Where they fail, only the first of them can have been noted as a place to begin again.
 * - A repeated class passes in one loop over the bytes that the next token does not take ({@link passing}), and `\.` in one search.
 *
 * On a 114-byte sshd line, plain and here: `(\S+) from (\S+) port` 2.1 and 0.8 µs, `\w+ \S+ \S+: sudo` 5.4 and 0.07.
 */
import { type Chain, Forecast } from './literals.ts'
import { Needle } from './needle.ts'
import type { RegexAlternative, Token } from './os-regex-parse.ts'
import { classes, markByte, maxSteps } from './os-regex-parse.ts'
import { bytesOf } from './text.ts'

/** What {@link RegexRunner.run} answers when there is no match. An end can be as low as -1. */
export const noMatch = -2

/** Finds one alternative of an OS_Regex pattern. */
export interface RegexRunner {
  /** Of a native RegExp, which finds the groups itself. */
  readonly isNative: boolean
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

/** A token as one number: its kind in the lowest bits, and above them the byte of a literal, the number of a mark, the bit of a class. */
const valueShift = 3
const kindMask = (1 << valueShift) - 1
/** A literal that no text has: beyond ASCII. */
const noByte = 0x1ff

const classBits = new Uint16Array(256)
const bitOf = new Map<Uint8Array, number>()
for (const members of classes.values()) {
  const bit = 1 << bitOf.size
  bitOf.set(members, bit)
  for (const [byte, isMember] of members.entries()) if (isMember) classBits[byte]! |= bit
}

function encode(token: Token): number {
  if (token.kind === 'mark') return mark | (token.index << valueShift)
  if (token.kind === 'literal') return literal | ((token.byte < 0x80 ? token.byte : noByte) << valueShift)
  const kind = token.repeat === '+' ? plus : token.repeat === '*' ? star : single
  return kind | (bitOf.get(token.members)! << valueShift)
}

const passes = 1
const passesToEnd = 2

/** How a repeated class that has begun goes through a text. */
interface Passing {
  /**
   * For each byte, whether the class just takes it and stays where it is: `passes` when the next token does not take the byte, `passesToEnd` when
   * there is no next token (which moves the mark behind the class and not the end index), 0 for all else.
   */
  readonly table: Uint8Array
  /** What ends it, as a text to search for: the only byte, or nothing. '' when there are several. */
  readonly stop: string
}

/** Of what follows what there are few kinds, and so they stay near at hand. */
const known = new Map<number, Passing>()

function passing(repeated: number, next: number): Passing {
  const [bit, nextKind, nextValue] = [repeated >> valueShift, next & kindMask, next >> valueShift]
  // The number of a mark says nothing.
  const key = bit * 0x100_0000 + (nextKind === mark ? mark : next)
  let found = known.get(key)
  if (!found) {
    const isTaken = (byte: number) => {
      if (nextKind >= single) return (classBits[byte]! & nextValue) !== 0
      return byte === (nextKind === mark ? markByte : nextValue)
    }
    const table = new Uint8Array(256)
    for (let byte = 0; byte < 256; byte++) {
      if ((classBits[byte]! & bit) === 0) continue
      if (nextKind === end) table[byte] = passesToEnd
      else if (!isTaken(byte)) table[byte] = passes
    }
    known.set(key, (found = { table, stop: stopOf(table) }))
  }
  return found
}

/** In no byte string. */
const nowhere = '\u0100'

function stopOf(table: Uint8Array): string {
  const pass = table.find((one) => one !== 0)
  const stops = [...table.keys()].filter((byte) => table[byte] !== pass)
  return stops.length === 0 ? nowhere : stops.length === 1 ? String.fromCharCode(stops[0]!) : ''
}

/** Places to go back to. No run is inside another, so one list serves all. */
const savedPlaces = new Int32Array(4)
const savedPositions = new Int32Array(4)

/** An alternative in tables. Few and plain ones: patterns are met cold, and then each object is a wait for memory. */
export class TableRunner implements RegexRunner {
  readonly isNative = false
  /** See {@link encode}. */
  private readonly tokens: readonly number[]
  /** By place: of a repeated class {@link passing}, of a literal the literals from there on, '' where there are not two. */
  private readonly helps: readonly (string | Passing)[]
  private readonly size: number
  private readonly atStart: boolean
  private readonly atEnd: boolean
  private readonly lead: string
  private readonly leadNeedle: Needle
  /** Where the lead begins: behind a mark, and behind classes without repeat. */
  private readonly leadFrom: number
  /** Where the tokens go on behind the lead. */
  private readonly leadPlace: number
  private readonly leadMark: number
  /** How many classes stand before the lead. */
  private readonly skip: number
  /** What must follow the lead, and how far behind its beginning. */
  private readonly forecast: Forecast
  private readonly chainOffset: number

  constructor({ tokens, atStart, atEnd }: RegexAlternative, chain: Chain) {
    this.size = tokens.length
    this.atStart = atStart
    this.atEnd = atEnd
    // A sentinel behind the end, so that looking two tokens ahead needs no test.
    const codes = [...tokens.map(encode), end, end, end]
    this.tokens = codes
    const helps = new Array<string | Passing>(this.size + 3).fill('')
    for (let i = this.size - 1; i >= 0; i--) {
      const kind = codes[i]! & kindMask
      if (kind === literal) {
        const next = charOf(codes[i + 1]!)
        if (charOf(codes[i]!) !== '' && next !== '') helps[i] = charOf(codes[i]!) + (helps[i + 1] || next)
      } else if (kind > single) {
        const next = codes[(codes[i + 1]! & kindMask) === mark ? i + 2 : i + 1]!
        helps[i] = passing(codes[i]!, next)
      }
    }
    this.helps = helps
    this.leadMark = tokens[0]?.kind === 'mark' ? tokens[0].index : -1
    let place = this.leadMark === -1 ? 0 : 1
    const classesFrom = place
    if (!atStart) while ((codes[place]! & kindMask) === single) place++
    this.leadFrom = place
    let lead = ''
    for (; charOf(codes[place]!) !== ''; place++) lead += charOf(codes[place]!)
    this.lead = lead
    this.leadNeedle = new Needle(lead)
    this.skip = lead === '' ? 0 : this.leadFrom - classesFrom
    const isLeadApart = lead !== '' && this.skip === 0 && chain[0] === lead
    this.forecast = new Forecast(isLeadApart ? chain.slice(1) : chain)
    this.chainOffset = isLeadApart ? lead.length : 0
    this.leadPlace = place
  }

  run(lower: string, start: number, marks: Int32Array | undefined): number {
    const { tokens, helps, size, atStart, atEnd, lead, leadPlace, leadMark, skip } = this
    if ((lead === '' || skip > 0) && !this.forecast.mayHold(lower, start)) return noMatch
    const length = lower.length
    const bytes = bytesOf(lower)
    let saved = 0
    let place = 0
    let last = start
    let repeating = false
    let first = -1
    let at = start
    let steps = maxSteps

    for (; at < length; at++) {
      if (--steps < 0) return noMatch
      if (place === 0 && lead !== '' && (skip === 0 || !repeating)) {
        // Only at the very start and after a restart: nothing saved, no first position.
        const found = skip > 0 ? this.findBehindClasses(lower, at) : this.findLead(lower, at)
        if (found === -1) return noMatch
        if (skip === 0 && at === start && !this.forecast.mayHold(lower, found + this.chainOffset)) return noMatch
        if (leadMark !== -1 && marks) marks[leadMark] = found
        first = found
        at = found + skip + lead.length - 1
        last = at
        place = leadPlace
        continue
      }
      if (place === size && !atEnd) return last
      let token = tokens[place]!
      if ((token & kindMask) === mark) {
        if (marks) marks[token >> valueShift] = at
        place++
        if (place === size && !atEnd) return last
        token = tokens[place]!
      }
      const byte = bytes[at]!
      const kind = token & kindMask
      if (kind >= single) {
        if (kind === star || (kind === plus && repeating)) {
          const { table, stop } = helps[place] as Passing
          const pass = table[byte]!
          if (pass !== 0) {
            const from = at
            if (stop === '') {
              do at++
              while (at < length && table[bytes[at]!] === pass)
            } else {
              at = lower.indexOf(stop, at)
              if (at === -1) at = length
            }
            steps -= at - from
            repeating = true
            if (pass === passes) last = at - 1
            else if (marks && (tokens[place + 1]! & kindMask) === mark) marks[tokens[place + 1]! >> valueShift] = at
            at--
            continue
          }
        }
        if ((classBits[byte]! & (token >> valueShift)) !== 0) {
          if (kind === single) {
            place++
            if (first === -1) first = at
            last = at
            continue
          }
          if (kind === plus && !repeating) {
            const next = tokens[place + 1]!
            if (marks && (next & kindMask) === mark) marks[next >> valueShift] = at + 1 === length ? length : at
            repeating = true
            last = at
            continue
          }
          // The next token takes the byte: the class gives way to it, and is remembered.
          let after = place + 1
          if ((tokens[after]! & kindMask) === mark) {
            if (marks) marks[tokens[after]! >> valueShift] = at
            after++
          }
          if (saved < 4) {
            savedPlaces[saved] = place
            savedPositions[saved] = at
            saved++
          }
          const taking = tokens[after]! & kindMask
          repeating = taking >= single
          place = taking > single ? after : after + 1
          last = at
          continue
        }
        const isLast =
          place + 1 === size || (kind === single && (tokens[place + 1]! & kindMask) < single && place + 2 === size)
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
      } else if (kind !== end && (kind === mark ? markByte : token >> valueShift) === byte) {
        const row = kind === literal ? (helps[place] as string) : ''
        if (first === -1) first = at
        if (row === '') {
          place++
          last = at
          continue
        }
        if (lower.startsWith(row, at)) {
          place += row.length
          at += row.length - 1
          last = at
          continue
        }
        // Where the text ends in the midst of literals, nothing is tried again.
        if (length - at < row.length && row.startsWith(lower.slice(at))) return noMatch
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

  private findLead(lower: string, from: number): number {
    if (!this.atStart) return this.leadNeedle.find(lower, from)
    return lower.startsWith(this.lead, from) ? from : -1
  }

  /** Where the classes before the lead begin. */
  private findBehindClasses(lower: string, from: number): number {
    const { tokens, lead, leadFrom, skip } = this
    next: for (let at = from; ; at++) {
      at = lower.indexOf(lead, at + skip) - skip
      if (at < from) return -1
      for (let i = 0; i < skip; i++) {
        const bit = tokens[leadFrom - skip + i]! >> valueShift
        if ((classBits[lower.charCodeAt(at + i)]! & bit) === 0) continue next
      }
      return at
    }
  }

  private acceptsAtEnd(stopped: number, repeating: boolean, length: number, marks: Int32Array | undefined): boolean {
    const { tokens, size } = this
    const kindAt = (at: number) => tokens[at]! & kindMask
    let place = stopped
    if (marks) {
      while (kindAt(place) === star) place++
      if (kindAt(place) === mark) marks[tokens[place]! >> valueShift] = length
    }
    if (kindAt(place) === mark) place++
    if (place === size) return true
    if (repeating && kindAt(place) >= single) {
      const wasSingle = kindAt(place) === single
      place++
      if (!wasSingle) {
        if (kindAt(place) === mark) place++
        if (place === size) return true
        if (kindAt(place) === plus) return false
        if (kindAt(place) === star) {
          place++
          if (kindAt(place) === mark) place++
          if (place === size) return true
        } else if (kindAt(place) === single) place++
      }
    }
    if (kindAt(place) !== star) return false
    place++
    if (kindAt(place) === mark) place++
    return place === size
  }
}

/** The byte of a literal, '' for anything else. */
function charOf(token: number): string {
  const byte = token >> valueShift
  return (token & kindMask) === literal && byte !== noByte ? String.fromCharCode(byte) : ''
}
