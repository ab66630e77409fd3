/**
 * The automaton of OS_Regex over number tables: the same steps as os-regex.ts, for the alternatives that no cheaper matcher takes.
 *
 * It reads the lower-cased text, so a literal is one comparison and a class one look into a table with a bit for each class. The short cuts,
 * each of which leaves the same state behind as going byte by byte:
 *
 * - Literals that it begins with are found by a search: failing before their end leaves nothing behind.
 * - An alternative whose other literals do not follow in order is not run at all.
 * - Other literals in a row are compared at once. Where they fail, only the first of them can have been noted as a place to begin again.
 * - A repeated class passes in one loop over the bytes that the next token does not take ({@link passing}), and `\.` in one search.
 *
 * On a 114-byte sshd line, plain and here: `(\S+) from (\S+) port` 2.1 and 0.8 µs, `\w+ \S+ \S+: sudo` 5.4 and 0.07.
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

const passes = 1
const passesToEnd = 2
const passTables = new Map<string, Uint8Array>()

/**
 * For each byte, whether a repeated class that has begun just takes it and stays where it is: `passes` when the next token does not take the
 * byte, `passesToEnd` when there is no next token (which moves the mark behind the class and not the end index), 0 for all else.
 */
function passing(bit: number, nextKind: number, nextValue: number): Uint8Array {
  const key = `${bit} ${nextKind} ${nextValue}`
  let table = passTables.get(key)
  if (!table) {
    const isTaken = (byte: number) => {
      if (nextKind >= single) return (classBits[byte]! & nextValue) !== 0
      return byte === (nextKind === mark ? markByte : nextValue)
    }
    table = new Uint8Array(256)
    for (let byte = 0; byte < 256; byte++) {
      if ((classBits[byte]! & bit) === 0) continue
      if (nextKind === end) table[byte] = passesToEnd
      else if (!isTaken(byte)) table[byte] = passes
    }
    passTables.set(key, table)
  }
  return table
}

const nonePass = new Uint8Array(256)

/** In no byte string. */
const nowhere = '\u0100'

const stopsOf = new Map<Uint8Array, string>()

/** What ends the passing of a repeated class, as a text to search for: the only byte, or nothing. '' when there are several. */
function stopOf(table: Uint8Array): string {
  let stop = stopsOf.get(table)
  if (stop === undefined) {
    const pass = table.find((one) => one !== 0)
    const stops = [...table.keys()].filter((byte) => table[byte] !== pass)
    stop = stops.length === 0 ? nowhere : stops.length === 1 ? String.fromCharCode(stops[0]!) : ''
    stopsOf.set(table, stop)
  }
  return stop
}

/** An alternative in tables. */
export class TableRunner implements RegexRunner {
  private readonly kinds: Uint8Array
  /** Literal: its byte, -1 for one that no text has. Mark: its number. Class: its bit. */
  private readonly values: Int32Array
  /** By place: the literals from there on, '' where there are not two. */
  private readonly rows: string[] = []
  /** By place: {@link passing} of a repeated class. */
  private readonly passTables: Uint8Array[] = []
  /** By place: {@link stopOf} its table. */
  private readonly stops: string[] = []
  private readonly size: number
  private readonly atStart: boolean
  private readonly atEnd: boolean
  private readonly lead: string
  /** Where the tokens go on behind the lead. */
  private readonly leadPlace: number
  private readonly leadMark: number
  /** What must follow the lead, and how far behind its beginning. */
  private readonly chain: Chain
  private readonly chainOffset: number
  private readonly savedPlaces = new Int32Array(4)
  private readonly savedPositions = new Int32Array(4)

  constructor({ tokens, atStart, atEnd }: RegexAlternative, chain: Chain) {
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
    for (let i = this.size - 1; i >= 0; i--) {
      const isLiteral = this.kinds[i] === literal && this.values[i] !== -1
      const char = isLiteral ? String.fromCharCode(this.values[i]!) : ''
      const follows = isLiteral && this.kinds[i + 1] === literal && this.values[i + 1] !== -1
      this.rows[i] = follows ? char + (this.rows[i + 1] || String.fromCharCode(this.values[i + 1]!)) : ''
      const next = this.kinds[i + 1] === mark ? i + 2 : i + 1
      this.passTables[i] =
        this.kinds[i]! > single ? passing(this.values[i]!, this.kinds[next]!, this.values[next]!) : nonePass
      this.stops[i] = stopOf(this.passTables[i]!)
    }
    this.lead = lead
    const isLeadApart = lead !== '' && chain[0]?.[0] === lead
    this.chain = isLeadApart ? chain.slice(1) : chain
    this.chainOffset = isLeadApart ? lead.length : 0
    this.leadPlace = place
  }

  run(lower: string, start: number, marks: Int32Array | undefined): number {
    const { kinds, values, rows, passTables, stops, size, atStart, atEnd, lead, leadPlace, leadMark } = this
    const { savedPlaces, savedPositions } = this
    if (lead === '' && !mayHold(this.chain, lower, start)) return noMatch
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
        if (at === start && !mayHold(this.chain, lower, found + this.chainOffset)) return noMatch
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
        if (repeating || kind === star) {
          const table = passTables[place]!
          const pass = table[byte]!
          if (pass !== 0) {
            const from = at
            const stop = stops[place]!
            if (stop === '') {
              do at++
              while (at < length && table[lower.charCodeAt(at)] === pass)
            } else {
              at = lower.indexOf(stop, at)
              if (at === -1) at = length
            }
            steps -= at - from
            repeating = true
            if (pass === passes) last = at - 1
            else if (marks && kinds[place + 1] === mark) marks[values[place + 1]!] = at
            at--
            continue
          }
        }
        if ((classBits[byte]! & values[place]!) !== 0) {
          if (kind === single) {
            place++
            if (first === -1) first = at
            last = at
            continue
          }
          if (kind === plus && !repeating) {
            if (marks && kinds[place + 1] === mark) marks[values[place + 1]!] = at + 1 === length ? length : at
            repeating = true
            last = at
            continue
          }
          // The next token takes the byte: the class gives way to it, and is remembered.
          let after = place + 1
          if (kinds[after] === mark) {
            if (marks) marks[values[after]!] = at
            after++
          }
          if (saved < 4) {
            savedPlaces[saved] = place
            savedPositions[saved] = at
            saved++
          }
          repeating = kinds[after]! >= single
          place = kinds[after] === plus || kinds[after] === star ? after : after + 1
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
        const row = rows[place]!
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
