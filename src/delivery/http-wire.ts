/**
 * HTTP/1.1 as bytes: the head of a request, and an answer that comes in pieces (RFC 9112). Only what a client needs that sends whole bodies, one request at a
 * time; nothing here knows of sockets.
 */

/** Of an answer's head, and of a line between chunks. */
const most_head_bytes = 64 * 1024
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** Those say how long the body is and what becomes of the connection, which is not for a definition to say. */
const ours = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const end_of_head = Buffer.from('\r\n\r\n')
const end_of_line = Buffer.from('\r\n')
const none = Buffer.alloc(0)

/**
 * @param path with its query, as `URL` gives it
 * @param length of the body in bytes; undefined: there is none
 * @throws TypeError when a header cannot be one
 */
export function requestHead(
  method: string,
  path: string,
  host: string,
  headers: Record<string, string>,
  length: number | undefined,
): string {
  let head = `${method} ${path} HTTP/1.1\r\n`
  let hasHost = false
  for (const name in headers) {
    const value = headers[name]!
    const lower = name.toLowerCase()
    if (!token.test(name) || ours.has(lower)) throw new TypeError(`"${name}" cannot be a header of a request`)
    // A line end would begin another header.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw new TypeError(`header "${name}" has characters that cannot be in one`)
    if (lower === 'host') hasHost = true
    head += `${name}: ${value}\r\n`
  }
  if (!hasHost) head += `host: ${host}\r\n`
  if (length !== undefined || method !== 'GET') head += `content-length: ${length ?? 0}\r\n`
  return `${head}\r\n`
}

interface Head {
  text: string
  status: number
  headers: Record<string, string>
  /** Undefined: until the connection ends. */
  length: number | 'chunked' | undefined
  keeps: boolean
  /** Milliseconds that the server keeps an idle connection, as far as it says so. */
  idle_ms: number | undefined
}

/** Reads one answer. */
export class AnswerReader {
  status = 0
  headers: Record<string, string> = {}
  /** How long the connection may be idle and then be used again; undefined: not at all. */
  reusable_ms: number | undefined
  private readonly most_bytes: number
  private readonly wants_text: boolean
  private held: Buffer = none
  private state: 'head' | 'length' | 'chunk size' | 'chunk' | 'chunk end' | 'trailers' | 'until the end' | 'done' =
    'head'
  /** Bytes that are still to come, of the body or of a chunk. */
  private rest = 0
  private size = 0
  private chunks: Buffer[] | undefined
  private head: Head | undefined

  /**
   * @param most_bytes of the body; the rest is not waited for
   * @param wants_text false: the body of a 2xx answer is not kept
   */
  constructor(most_bytes: number, wants_text: boolean) {
    this.most_bytes = most_bytes
    this.wants_text = wants_text
  }

  /** The body, as far as it was kept. */
  get text(): string {
    return this.chunks ? Buffer.concat(this.chunks).toString('utf8', 0, this.most_bytes) : ''
  }

  /**
   * @param bytes may be used again by the caller: what is kept of them is copied
   * @returns true when the answer is complete, or all of it that is wanted
   * @throws an Error when it is no HTTP
   */
  push(bytes: Buffer): boolean {
    this.held = this.held.length === 0 ? bytes : Buffer.concat([this.held, bytes])
    while (this.state !== 'done' && this.step());
    if (this.held.length > 0) this.held = Buffer.from(this.held)
    return this.state === 'done'
  }

  /** The connection has ended. @returns true when the answer is complete */
  end(): boolean {
    if (this.state === 'until the end') this.state = 'done'
    return this.state === 'done'
  }

  /** @returns false when more bytes are needed */
  private step(): boolean {
    switch (this.state) {
      case 'head': {
        const end = this.held.indexOf(end_of_head)
        if (end === -1) return this.needMore()
        const text = this.held.toString('latin1', 0, end)
        this.held = this.held.subarray(end + 4)
        this.begin(text)
        return true
      }
      case 'length':
      case 'chunk':
        return this.body()
      case 'chunk size': {
        const line = this.line()
        if (line === undefined) return false
        const [, digits] = /^([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?$/.exec(line) ?? []
        if (digits === undefined) throw new Error('a chunk of the answer has no length')
        this.rest = Number.parseInt(digits, 16)
        this.state = this.rest === 0 ? 'trailers' : 'chunk'
        return true
      }
      case 'chunk end':
        if (this.held.length < 2) return false
        if (this.line() !== '') throw new Error('a chunk of the answer has another length than it says')
        this.state = 'chunk size'
        return true
      case 'trailers': {
        const line = this.line()
        if (line === '') this.finish()
        return line !== undefined
      }
      default:
        if (this.held.length > 0) this.keep(this.held)
        this.held = none
        return false
    }
  }

  private begin(text: string): void {
    const head = last?.text === text ? last : parseHead(text)
    last = head
    const { status, headers, length } = head
    if (status < 200) {
      if (status === 101) throw new Error('the server wants to speak something else')
      return // the answer is still to come
    }
    this.head = head
    this.status = status
    this.headers = headers
    if (this.wants_text || status >= 300) this.chunks = []
    if (length === 'chunked') this.state = 'chunk size'
    else if (length === undefined) this.state = 'until the end'
    else if (length === 0) this.finish()
    else {
      this.rest = length
      this.state = 'length'
    }
  }

  private body(): boolean {
    if (this.held.length === 0) return false
    const part = this.held.subarray(0, this.rest)
    this.held = this.held.subarray(part.length)
    this.rest -= part.length
    this.keep(part)
    if (this.rest === 0 && this.state !== 'done') {
      if (this.state === 'length') this.finish()
      else this.state = 'chunk end'
    }
    return true
  }

  private keep(part: Buffer): void {
    this.size += part.length
    this.chunks?.push(Buffer.from(part))
    // The connection is of no use then: the rest would come through it.
    if (this.size > this.most_bytes) this.state = 'done'
  }

  private finish(): void {
    this.state = 'done'
    const { keeps, idle_ms } = this.head!
    // What nobody has asked for is not the answer to the next request.
    if (keeps && this.held.length === 0) this.reusable_ms = Math.min(usual_idle_ms, idle_ms ?? usual_idle_ms)
  }

  private line(): string | undefined {
    const end = this.held.indexOf(end_of_line)
    if (end === -1) {
      this.needMore()
      return undefined
    }
    const line = this.held.toString('latin1', 0, end)
    this.held = this.held.subarray(end + 2)
    return line
  }

  private needMore(): false {
    if (this.held.length > most_head_bytes) throw new Error('the head of the answer does not end')
    if (this.state === 'head' && this.held.length >= 5 && this.held.toString('latin1', 0, 5) !== 'HTTP/')
      throw new Error('the server does not speak HTTP')
    return false
  }
}

/** Of an idle connection: beyond it something on the way may have forgotten it without a word. */
export const usual_idle_ms = 4000

/** A server's heads differ by the second at most, so most are read once. */
let last: Head | undefined

function parseHead(text: string): Head {
  const [first, ...lines] = text.split('\r\n') as [string, ...string[]]
  const [, minor, code] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(first) ?? []
  if (code === undefined) throw new Error('the server does not speak HTTP/1.1')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon <= 0) throw new Error('a header of the answer has no name')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value
  }
  const status = Number(code)
  const connection = headers.connection?.toLowerCase() ?? ''
  const keeps = minor === '1' ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection)
  const timeout = /\btimeout=(\d{1,6})/.exec(headers['keep-alive'] ?? '')?.[1]
  // A second less, for the way.
  const idle_ms = timeout === undefined ? undefined : Math.max(0, Number(timeout) * 1000 - 1000)
  return { text, status, headers, length: lengthOf(status, headers), keeps, idle_ms }
}

/** RFC 9112, section 6.3. */
function lengthOf(status: number, headers: Record<string, string>): Head['length'] {
  if (status === 204 || status === 304) return 0
  const coding = headers['transfer-encoding']
  if (coding !== undefined) return /(^|,)\s*chunked$/i.test(coding) ? 'chunked' : undefined
  const length = headers['content-length']
  if (length === undefined) return undefined
  const [value, ...others] = length.split(/\s*,\s*/) as [string, ...string[]]
  if (!/^\d{1,15}$/.test(value) || others.some((other) => other !== value))
    throw new Error('the answer says its length in two ways')
  return Number(value)
}
