/**
 * `GET /api/alerts` and its live stream.
 *
 * The stream is Server-Sent Events. Each alert is an unnamed event whose id is `EPOCH-SEQ`; a client that comes back with the last one it saw
 * (`Last-Event-ID`, or `?after=`) gets what it missed, as far as the ring still has it, else first an event `gap`.
 *
 * A client costs no memory but a place in the ring: what it has not read yet is there. When the ring overtakes a client that does not read,
 * it is told `dropped` and cut off; it may come back and go on with what is left.
 */
import type { Alert } from '../alert.ts'
import { type AlertFilter, matches, searchText, toWords } from './alert-filter.ts'
import { ApiError, maskedLine } from './answer.ts'
import type { AlertEntry, AlertSource } from './parts.ts'

/** Characters written at once at most, and alerts looked at for them, so that one client's filter does not hold up everything else. */
const chunk_chars = 256 * 1024
const chunk_alerts = 500
/** How long a client that does not even take the notice may keep its connection. */
const farewell_ms = 5000

/** `level` (at least), `rule` (ids, comma list) and `text` (words that must all occur, `!word` must not) of a query. */
export function readFilter(query: Record<string, string>): AlertFilter {
  return {
    level: readNumber(query, 'level', 0, 0, 16),
    rules: (query.rule ?? '')
      .split(',')
      .map((id) => id.trim())
      .filter(Boolean),
    words: toWords(query.text ?? ''),
  }
}

/** A whole number of a query, between `least` and `most`. */
export function readNumber(query: Record<string, string>, name: string, usual: number, least: number, most: number) {
  const text = query[name]
  if (text === undefined || text === '') return usual
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new ApiError(400, `${name}: "${text}" is not a whole number between ${least} and ${most}`)
}

function isWanted(entry: AlertEntry, filter: AlertFilter): boolean {
  return matches(filter, entry.level, entry.rule, () => searchText(JSON.parse(entry.line) as Alert))
}

const eventId = (source: AlertSource, seq: number) => `${source.epoch}-${seq}`

/** The newest matching alerts, newest first, as JSON text; `last` is where the stream goes on. */
export function recentAlerts(
  source: AlertSource,
  filter: AlertFilter,
  limit: number,
  mask: (text: string) => string,
): string {
  const found: string[] = []
  for (let seq = source.last; seq >= source.first && found.length < limit; seq--) {
    const entry = source.get(seq)!
    if (isWanted(entry, filter)) found.push(`{"seq":${seq},"alert":${maskedLine(entry.line, mask)}}`)
  }
  return `{"last":"${eventId(source, source.last)}","alerts":[${found.join(',')}]}`
}

export interface StreamOptions {
  filter: AlertFilter
  /** Where the client was, `EPOCH-SEQ`; undefined: only what comes from now on. */
  after?: string
  mask(text: string): string
  /** A comment this often keeps proxies from closing a quiet connection, and tells us of clients that left. */
  heartbeat_ms: number
  /** Ends the connection of a client that reads nothing at all. */
  disconnect(): void
}

/** One client's stream; its subscription ends when the client leaves. */
export function alertStream(source: AlertSource, options: StreamOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  // Browsers come back by themselves after `retry` milliseconds.
  let words = 'retry: 2000\n\n'
  let next = source.last + 1
  if (options.after !== undefined) {
    const [epoch, text] = options.after.split('-')
    const place = epoch === source.epoch && /^\d+$/.test(text ?? '') ? Number(text) + 1 : 0
    if (place < source.first) words += 'event: gap\ndata: {"reason":"older alerts are no longer in memory"}\n\n'
    next = Math.min(Math.max(place, source.first), source.last + 1)
  }

  let ended = false
  let wake = () => {}
  const stop = () => {
    ended = true
    unsubscribe()
    clearInterval(heartbeat)
    wake()
  }
  const unsubscribe = source.subscribe(() => {
    if (next < source.first) {
      words = 'event: dropped\ndata: {"reason":"this client reads too slowly"}\n\n'
      setTimeout(options.disconnect, farewell_ms).unref()
      stop()
    }
    wake()
  })
  const heartbeat = setInterval(() => {
    // An id without data moves the client's place without an event: nothing it wants was before that.
    if (words === '') words = `: still here\nid: ${eventId(source, next - 1)}\n\n`
    wake()
  }, options.heartbeat_ms)
  heartbeat.unref()

  /** What to write now: words first, then alerts from the ring. */
  const take = (): string => {
    let text = words
    words = ''
    for (
      let looked = 0;
      !ended && next <= source.last && looked < chunk_alerts && text.length < chunk_chars;
      looked++
    ) {
      const entry = source.get(next++)!
      if (isWanted(entry, options.filter))
        text += `id: ${eventId(source, entry.seq)}\ndata: ${maskedLine(entry.line, options.mask)}\n\n`
    }
    return text
  }

  return new ReadableStream({
    // Called again only after the former chunk went into the socket, so a burst leaves in few large chunks.
    async pull(controller) {
      for (;;) {
        const text = take()
        if (text !== '') controller.enqueue(encoder.encode(text))
        if (ended) return controller.close()
        if (text !== '') return
        // More may be left when a whole chunk was filtered away; others get their turn first.
        if (next <= source.last) await new Promise((resolve) => setImmediate(resolve))
        else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    },
    cancel: stop,
  })
}
