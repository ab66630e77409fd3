/**
 * The header of a log: time stamp, host, program, and where the log proper begins (spec/engine-decoders.md section 2; cleanevent.c, 4.14.7).
 *
 * The tests look at the position of punctuation and hardly at anything else, so `xxx 29 10:00:01 …` is a date too. The original cuts its
 * copy of the log by writing NULs into it, and that shows: a piece may end where another was cut (macOS ASL, AIX), and what an expression
 * finds right before the log is a NUL in some forms and a character in others.
 */

export interface Header {
  /** Text of the time stamp; undefined when none was recognised. */
  timestamp: string | undefined
  host: string | undefined
  /** May be empty, which still counts as having a program name. */
  program_name: string | undefined
  log: string
  /** Whether the byte in front of the log is a NUL in the original: see {@link afterMatch} in decode.ts. */
  afterNul: boolean
}

const space = 0x20
const plus = 0x2b
const comma = 0x2c
const minus = 0x2d
const dot = 0x2e
const slash = 0x2f
const one = 0x31
const colon = 0x3a
const letterT = 0x54
const open = 0x5b
const close = 0x5d
const bar = 0x7c

const isDigit = (code: number) => code >= 0x30 && code <= 0x39
const isLower = (code: number) => code >= 0x61 && code <= 0x7a
const isAlphanumeric = (code: number) => isDigit(code) || isLower(code) || (code >= 0x41 && code <= 0x5a)

/** Bytes of host and program names: letters, digits and `( ) - . / @ _`. os_regex_maps.c: hostname_map. */
const nameBytes = new Uint8Array(256)
for (let code = 0; code < 256; code++) {
  if (isAlphanumeric(code) || '()-./@_'.includes(String.fromCharCode(code))) nameBytes[code] = 1
}

/** Position of the first byte at or after `at` that cannot stand in a name. */
function afterName(text: string, at: number): number {
  while (nameBytes[text.charCodeAt(at)] === 1) at++
  return at
}

function afterDigits(text: string, at: number): number {
  while (isDigit(text.charCodeAt(at))) at++
  return at
}

/** @param text the whole log, without NUL */
export function readHeader(text: string): Header {
  // "Mär" in UTF-8: the tests see "Ma" and the rest one byte further left, while the lengths are applied to the original bytes.
  const seen = text.charCodeAt(1) === 0xc3 && text.charCodeAt(2) === 0xa4 ? `Ma${text.slice(3)}` : text
  const skip = syslogLength(seen, text.length)
  if (skip > 0) return readSyslog(text, skip)
  return (
    readOther(seen, text) ?? {
      timestamp: undefined,
      host: undefined,
      program_name: undefined,
      log: text,
      afterNul: true,
    }
  )
}

/** Length of a header whose time stamp is followed by host and program, with the space behind it; 0 when it is none. */
function syslogLength(seen: string, size: number): number {
  if (size < 17) return 0
  const at = (index: number) => seen.charCodeAt(index)
  // Dec 29 10:00:01
  if (at(3) === space && at(6) === space && at(9) === colon && at(12) === colon && at(15) === space) return 16
  if (size >= 24 && at(4) === minus && at(7) === minus && at(13) === colon && at(16) === colon) {
    // 2015-04-16 21:51:02,805
    if (at(10) === space && at(19) === comma) return 24
    if (size >= 33 && at(10) === letterT) {
      // 2007-06-14T15:48:55-04:00
      if (at(22) === colon && at(25) === space) return 26
      // 2022-12-19T15:02:53.288+00:00, 2009-05-22T09:36:46.214994-07:00, and any other fraction
      if (at(19) === dot) return at(26) === colon ? 30 : at(29) === colon ? 33 : 32
    }
  }
  if (size < 21 || !isDigit(at(0))) return 0
  // 2015 Dec 29 10:00:01
  if (
    at(4) === space &&
    at(8) === space &&
    at(11) === space &&
    at(14) === colon &&
    at(17) === colon &&
    at(20) === space
  )
    return 21
  // 2021-04-21 10:16:09.404756-0700
  const isMacos =
    size >= 33 &&
    at(4) === minus &&
    at(7) === minus &&
    at(10) === space &&
    at(13) === colon &&
    at(16) === colon &&
    at(19) === dot &&
    (at(26) === minus || at(26) === plus) &&
    at(31) === space
  return isMacos ? 32 : 0
}

/** Host and program behind a syslog time stamp. */
function readSyslog(text: string, skip: number): Header {
  const timestamp = text.slice(0, skip - 1)
  const from = text.charCodeAt(skip) === space ? skip + 1 : skip
  const end = afterName(text, from)
  const next = text.charCodeAt(end)
  if (next === colon && text.charCodeAt(end + 1) === space) {
    // Solaris: no host, the program comes first.
    return { timestamp, host: undefined, ...withoutSolarisId(text, text.slice(from, end), end + 2, false) }
  }
  if (next !== space) {
    return { timestamp, host: undefined, program_name: undefined, log: text.slice(from), afterNul: from === skip }
  }
  return { timestamp, host: text.slice(from, end), ...readProgram(text, end + 1) }
}

type Program = Pick<Header, 'program_name' | 'log' | 'afterNul'>

/** @param from where the program name would begin; the byte before it is the NUL that ends the host */
function readProgram(text: string, from: number): Program {
  const end = afterName(text, from)
  const next = text.charCodeAt(end)
  if (next === colon) {
    const hasSpace = text.charCodeAt(end + 1) === space
    return withoutSolarisId(text, text.slice(from, end), hasSpace ? end + 2 : end + 1, !hasSpace)
  }
  if (next === open && isDigit(text.charCodeAt(end + 1))) {
    const at = afterDigits(text, end + 1)
    if (text.charCodeAt(at) === close) {
      const behind = text.charCodeAt(at + 1)
      const hasSpace = text.charCodeAt(at + 2) === space
      if (behind === colon) return withoutSolarisId(text, text.slice(from, end), hasSpace ? at + 3 : at + 2, false)
      if (behind === space) return withoutSolarisId(text, text.slice(from, end), at + 2, false)
    }
  } else if (next === bar && isLower(text.charCodeAt(end + 1))) {
    const aix = readAixProgram(text, from, end + 2)
    if (aix) return aix
  }
  return { program_name: undefined, log: text.slice(from), afterNul: true }
}

/** `auth|security:info prog: …`; @param at offset in the facility, behind the bar and its first letter */
function readAixProgram(text: string, from: number, at: number): Program | undefined {
  while (isAlphanumeric(text.charCodeAt(at))) at++
  if (text.charCodeAt(at) !== colon) return undefined
  at++
  while (isAlphanumeric(text.charCodeAt(at))) at++
  if (text.charCodeAt(at) !== space) return undefined
  const start = at + 1
  const end = afterName(text, start)
  const next = text.charCodeAt(end)
  if (next === colon && text.charCodeAt(end + 1) === space) {
    return withoutSolarisId(text, text.slice(start, end), end + 2, false)
  }
  if (next === open && isDigit(text.charCodeAt(end + 1))) {
    const digitsEnd = afterDigits(text, end + 1)
    if (text.startsWith(']: ', digitsEnd)) {
      return withoutSolarisId(text, text.slice(start, end), digitsEnd + 3, false)
    }
    // The name is cut off and kept, the log stays where it was, and so it ends at the same cut.
    return { program_name: text.slice(start, end), log: text.slice(from, end), afterNul: true }
  }
  // Nothing ends the name: it is all of the rest, and the log begins inside it.
  return withoutSolarisId(text, text.slice(start), end, false)
}

/** Solaris writes `[ID 123 auth.info] ` in front of its messages. */
function withoutSolarisId(text: string, program_name: string, from: number, afterNul: boolean): Program {
  if (text.startsWith('[ID ', from)) {
    const end = text.indexOf(']', from + 4)
    if (end !== -1) return { program_name, log: text.slice(end + 2), afterNul: false }
  }
  return { program_name, log: text.slice(from), afterNul }
}

/** Headers that name neither host nor program, and that of macOS ASL. */
function readOther(seen: string, text: string): Header | undefined {
  const size = text.length
  if (size < 24) return undefined
  const at = (index: number) => seen.charCodeAt(index)
  const found = (timestampFrom: number, timestampTo: number, from: number, afterNul: boolean): Header => ({
    timestamp: text.slice(timestampFrom, timestampTo),
    host: undefined,
    program_name: undefined,
    log: text.slice(from),
    afterNul,
  })
  // xferlog: Mon Apr 17 18:27:14 2006 1
  if (
    size >= 28 &&
    at(3) === space &&
    at(7) === space &&
    at(10) === space &&
    at(13) === colon &&
    at(16) === colon &&
    at(19) === space &&
    at(24) === space &&
    at(26) === space
  )
    return found(0, 24, 25, true)
  // snort: 01/28-09:13:16.240702  [**]
  if (at(2) === slash && at(5) === minus && at(8) === colon && at(11) === colon && at(14) === dot && at(21) === space)
    return found(0, 21, 23, false)
  // suricata: 01/28/1979-09:13:16.240702  [**]
  if (
    size >= 28 &&
    at(2) === slash &&
    at(5) === slash &&
    at(10) === minus &&
    at(13) === colon &&
    at(16) === colon &&
    at(19) === dot &&
    at(26) === space
  )
    return found(0, 26, 28, false)
  // apache: [Fri Feb 11 18:06:35 2004] [warn]
  if (
    size >= 27 &&
    at(0) === open &&
    at(4) === space &&
    at(8) === space &&
    at(11) === space &&
    at(14) === colon &&
    at(17) === colon &&
    at(20) === space &&
    at(25) === close
  )
    return found(1, 25, 27, false)
  // macOS ASL: [Time 2006.12.28 15:53:55 UTC] [Facility auth] …
  if (
    size >= 26 &&
    at(0) === open &&
    at(1) === letterT &&
    at(5) === space &&
    at(10) === dot &&
    at(13) === dot &&
    at(16) === space &&
    at(19) === colon
  )
    return readAsl(text)
  // squid: 1140804070.368  11623
  if (
    size >= 32 &&
    at(0) === one &&
    isDigit(at(1)) &&
    isDigit(at(2)) &&
    isDigit(at(3)) &&
    at(10) === dot &&
    isDigit(at(13)) &&
    at(14) === space &&
    (at(21) === space || at(22) === space)
  ) {
    let from = 14
    while (text.charCodeAt(from) === space) from++
    return found(0, from - 1, from, true)
  }
  return undefined
}

/**
 * `[Time …] [Facility auth] [Sender sshd] [PID 483] [Message …] … [Host name]`. Each piece that is taken ends at its bracket, and so does the
 * log when it began before that.
 */
function readAsl(text: string): Header {
  let program: string | undefined
  let host: string | undefined
  let from = 25
  let cut = text.length
  let hasMessage = false
  for (let at = text.indexOf('[', from); at !== -1; at = text.indexOf('[', at)) {
    at++
    const isSender = text.startsWith('Sender ', at) && program === undefined
    const isMessage = !isSender && text.startsWith('Message ', at) && !hasMessage
    const isHost = !isSender && !isMessage && text.startsWith('Host ', at)
    if (!isSender && !isMessage && !isHost) continue
    const start = at + (isSender ? 7 : isMessage ? 8 : 5)
    if (isMessage) {
      hasMessage = true
      from = start
      cut = text.length
    }
    const end = text.indexOf(']', start)
    if (end === -1) break
    if (cut === text.length) cut = end
    if (isSender) program = text.slice(start, end)
    if (isHost) {
      host = text.slice(start, end)
      break
    }
    at = end + 1
  }
  return { timestamp: undefined, host, program_name: program, log: text.slice(from, cut), afterNul: false }
}
