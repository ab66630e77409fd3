/**
 * What the author of a fake reads. A fake is a destination as its vendor documents it: it checks each request against the vendor's rules, remembers what it
 * made of those it took, and answers as the vendor does. Listening, injected faults, counting and printing are done once, for all of them (server.ts).
 */

export interface FakeRequest {
  method: string
  /** As it was sent, percent-encoded, without the query. */
  path: string
  /** What stands in the place of each `{name}` of the route, decoded. */
  params: Record<string, string>
  query: URLSearchParams
  /** Names in lower case. */
  headers: Record<string, string>
  body: Buffer
}

export interface FakeAnswer {
  status: number
  headers?: Record<string, string>
  /** Sent as JSON. */
  json?: unknown
  text?: string
  /** What was done, for the line that people read, such as `message 1700000000.000001`. Never holds a credential. */
  did?: string
}

/** What a fake remembers for as long as it runs. */
export interface Store {
  /** Tickets, messages, alerts by the id that they were given. */
  made: Map<string, Record<string, unknown>>
  /** 1, 2, 3 … */
  next(): number
  /** Whether this key was given before. If so, the request counts as a duplicate. */
  repeats(key: string): boolean
  /** Milliseconds since 1970. */
  now(): number
}

/** Thrown by a fake: the request breaks a rule of the vendor. */
export class Broken extends Error {
  override name = 'Broken'
  /** Of the answer. */
  readonly status: number
  /** The vendor's own name for the mistake, where it has one; the fake's `refusal` may use it. */
  readonly code: string

  /** @param rule what is wrong, for people; never holds a credential */
  constructor(rule: string, status = 400, code = '') {
    super(rule)
    this.status = status
    this.code = code
  }
}

export type Handler = (request: FakeRequest, store: Store) => FakeAnswer

interface Described {
  /** That of the integration, look-up or response. */
  name: string
  /** Where the rules that are checked stand. */
  source: string
  /** Destinations that send to the fake at `url`, by name: their options without `type`. One for each way of sending. */
  destinations?(url: string): Record<string, Record<string, unknown>>
  /** `options` of the response that acts on the fake at `url`. */
  response?(url: string): Record<string, unknown>
}

/** A service that is spoken to over HTTP. */
export interface HttpFake extends Described {
  /**
   * By method and path: `POST /api/tickets/{id}`. `{id}` is one segment or a part of one, `{*token}` is the same and hidden in what is printed, `{id...}` is
   * all that follows; `*` is any method. The first that fits is called.
   */
  routes: Record<string, Handler>
  /** The vendor's answer to a mistake; `path` is for services that answer in several forms. Default: its status and text. */
  refusal?(broken: Broken, path: string): FakeAnswer
  /** "Too many requests", in the vendor's form. Default: 429 with `Retry-After`. */
  busy?(seconds: number, path: string): FakeAnswer
  /** "Something is wrong here", likewise. Default: 500. */
  failed?(path: string): FakeAnswer
}

/** One connection (or, for UDP, one datagram) of a protocol that is not HTTP. */
export interface Line {
  /** Sends; nothing happens when the other side has gone. */
  say(text: string): void
  end(): void
  /** Drawn once for each message: what to do wrong with it. `reset` and `hang` are done and noted already; then the message is to be forgotten. */
  fault(): 'busy' | 'failed' | 'reset' | 'hang' | undefined
  /** `content` tells whether the same was taken before. */
  accepted(did: string, content: string): void
  refused(rule: string): void
}

/** A service that is spoken to over TCP, and perhaps UDP on the same port. */
export interface StreamFake extends Described {
  /** Called for each connection; the function that it gives back is called with each piece that comes, as a byte string. */
  connected(line: Line, store: Store): (piece: string) => void
  datagram?(text: string, line: Line, store: Store): void
}

export type Fake = HttpFake | StreamFake

export function defineFake<F extends Fake>(fake: F): F {
  return fake
}
