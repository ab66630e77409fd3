// npm run -s check:matchers -- FILE [--plain]: compares the pattern languages with recorded answers in the form of golden/regex.jsonl.gz (plain or
// gzip). Prints each case that differs, then "N/N equal"; exit 1 when any differs. Its first line explains the fields.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { toBytes } from '../src/alert.ts'
import { compileAddresses } from '../src/engine/patterns/address.ts'
import { compilePattern, type PatternKind } from '../src/engine/patterns/index.ts'

/** One recorded case. Strings that are not UTF-8 stand in `*_hex`. */
export interface RecordedCase {
  n?: number
  flavour: 'osregex' | 'osmatch' | 'pcre2' | 'string' | 'osip' | 'iplist'
  tag?: string
  flags?: number
  pattern?: string
  pattern_hex?: string
  subject?: string
  subject_hex?: string
  compiled?: boolean
  match?: boolean
  end?: number
  error?: number
  subs?: (string | null)[] | null
  subs_hex?: string[]
  bytes_matching?: number[]
}

interface Answer {
  compiled: boolean
  match: boolean
  end: number
  error?: number
  subs: string[] | null
}

const returnSubstrings = 0o200
const caseSensitive = 0o400

/** The cases of a file in the form of golden/regex.jsonl.gz; the line that explains the fields is left out. */
export function readCases(file: string | URL): RecordedCase[] {
  const raw = readFileSync(file)
  const text = (raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw).toString('utf8')
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.map((line) => JSON.parse(line)).filter((one) => one.flavour !== undefined)
}

/** How our answer differs from the recorded one, in words; undefined when they are equal. */
export function difference(recorded: RecordedCase, plain = false): string | undefined {
  const pattern = bytesOf(recorded.pattern, recorded.pattern_hex)
  if (recorded.bytes_matching) {
    const ours: number[] = []
    for (let byte = 1; byte < 256; byte++) {
      if (answer(recorded, pattern, String.fromCharCode(byte), plain).match) ours.push(byte)
    }
    return compare({ bytes_matching: ours }, { bytes_matching: recorded.bytes_matching })
  }
  const { compiled, match, end, error } = recorded
  const subs =
    recorded.subs_hex?.map((hex) => bytesOf(undefined, hex)) ?? recorded.subs?.map((sub) => toBytes(sub ?? '')) ?? null
  const ours = answer(recorded, pattern, bytesOf(recorded.subject, recorded.subject_hex), plain)
  return compare(ours, { compiled, match, end, error, subs })
}

function compare(ours: object, recorded: object): string | undefined {
  const [mine, theirs] = [JSON.stringify(ours), JSON.stringify(recorded)]
  return mine === theirs ? undefined : `ours ${mine}, recorded ${theirs}`
}

function bytesOf(text: string | undefined, hex: string | undefined): string {
  return hex === undefined ? toBytes(text ?? '') : Buffer.from(hex, 'hex').toString('latin1')
}

function answer({ flavour, flags = 0 }: RecordedCase, source: string, subject: string, plain: boolean): Answer {
  if (flavour === 'osip' || flavour === 'iplist') {
    const { addresses, error } = compileAddresses(flavour === 'osip' ? [source] : source.split(' '))
    if (error) return { compiled: false, match: false, end: -1, error: error.code, subs: null }
    return { compiled: true, match: addresses.test(subject), end: -1, subs: null }
  }
  const { pattern, error } = compilePattern(flavour satisfies PatternKind, source, {
    captures: (flags & returnSubstrings) !== 0,
    caseSensitive: (flags & caseSensitive) !== 0,
    plain,
  })
  if (error) return { compiled: false, match: false, end: -1, error: error.code, subs: null }
  const match = pattern.exec(subject)
  const captures = match?.captures ?? []
  // The recorder shows the array that the original allocates: always one for OS_Regex, for PCRE2 only when a group took part.
  const subs = flavour === 'osregex' || (flavour === 'pcre2' && captures.length > 0) ? captures : null
  if (pattern.test(subject) !== (match !== undefined)) throw new Error(`test and exec disagree on ${source}`)
  return { compiled: true, match: match !== undefined, end: match?.end ?? -1, subs }
}

if (import.meta.main) {
  const [file] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
  if (file === undefined) {
    process.stderr.write('usage: npm run -s check:matchers -- FILE [--plain]\n')
    process.exit(2)
  }
  const plain = process.argv.includes('--plain')
  const cases = readCases(file)
  let equal = 0
  for (const [i, one] of cases.entries()) {
    const found = difference(one, plain)
    if (found === undefined) equal++
    else {
      const subject = one.subject_hex === undefined ? JSON.stringify(one.subject) : `hex ${one.subject_hex}`
      const pattern = one.pattern_hex === undefined ? JSON.stringify(one.pattern) : `hex ${one.pattern_hex}`
      process.stdout.write(
        `case ${one.n ?? i + 1} ${one.flavour} ${one.tag ?? ''} ${pattern} on ${subject}: ${found}\n`,
      )
    }
  }
  process.stdout.write(`${equal}/${cases.length} equal\n`)
  if (equal !== cases.length) process.exitCode = 1
}
