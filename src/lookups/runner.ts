/**
 * Asks the services, as a destination of the delivery runner, which has the cursor, the waiting list, the back-off and the pauses.
 *
 *   alert ─▶ subjects ─▶ cache? ─▶ under way? ─▶ quota? ─▶ request ─▶ answer ─▶ event, on its way to the engine ─▶ delivered
 *
 * - An alert counts as delivered when its events are safe, so a crash repeats some events and loses none.
 * - A quota that is used up holds the destination, as if the service had asked for it: nothing is dropped, and the reason stands at the destination.
 * - Quotas are counted by credential, whatever destination uses it; the same question is under way once.
 * - Trouble with a service is an event too, since rules look for it, but not for every alert: once an hour for each status.
 * - What look-ups themselves led to is not looked up.
 *
 * Other destinations that want to be told what a look-up says (`asker`) ask in the same way: the same cache, the same question under way once, the same quota.
 * They do not wait where the queue would.
 */
import { createHash } from 'node:crypto'
import type { Alert, Event } from '../alert.ts'
import type { Destination } from '../config.ts'
import type { Answer, Lookup, Outcome, Subject, TlsOptions } from '../define.ts'
import { type Attempt, showRequest } from '../delivery/attempt.ts'
import { createHttpClient, type HttpClient } from '../delivery/http.ts'
import { endsOf } from '../delivery/http-target.ts'
import { describe } from '../delivery/outcome.ts'
import type { Sender } from '../delivery/send.ts'
import type { AskLookups } from '../delivery/types.ts'
import type { State } from '../durable/state.ts'
import type { Log } from '../log.ts'
import { compileRoute, type Route } from '../routes.ts'
import { collectSecrets } from '../settings-check.ts'
import { askOnce, most_answer_bytes, type Reply } from './ask.ts'
import { type Askable, type AskerParts, createAsker } from './asker.ts'
import { eventOf } from './event.ts'
import { openPlaces } from './geoip.ts'
import { lookups } from './index.ts'
import { type CommonOptions, secondsOf } from './options.ts'
import { createRest } from './rest.ts'
import { openAnswers, openQuotas } from './store.ts'

export interface LookupRunner {
  /** The sender for a destination that is a look-up; undefined for every other. */
  sender(destination: Destination): Promise<Sender | undefined>
  /** Who asks the look-ups of these names, and the GeoIP database when it is among them. Those whose {@link sender} was not made are left out. */
  asker(names: readonly string[]): AskLookups
  /** Reads the GeoIP database again. */
  reload(): void
  /** Writes what is still in memory. */
  close(): void
}

export interface LookupParts {
  /** Opened with {@link migrations} of `lookups/store.ts`. */
  state: State
  /** Takes events to where they are analysed; resolves when they are safe. */
  publish(events: Event[]): Promise<void>
  /** Location of events that come back through a file that Wazuh follows. */
  event_file?: string
  /** The GeoIP database. */
  geoip?: string
  now(): number
  log: Log
  mask(text: string): string
}

const hour = 3_600_000
/** Alerts with some questions answered and some not, of one destination. */
const most_begun = 200

/** Nothing of it is about the alert: events that cannot be written, a quota that cannot be counted. */
class Trouble extends Error {}

export function createLookups(parts: LookupParts): LookupRunner {
  const { state, now, log, mask } = parts
  const answers = openAnswers(state)
  const quotas = openQuotas(state)
  const underWay = new Map<string, Promise<Reply>>()
  /** Answers in a row that an account was asked to come again later. */
  const refusals = new Map<string, number>()
  const rest = createRest()
  const services = new Map<string, Askable>()
  /** Ends questions that nobody's queue waits for. */
  const closing = new AbortController()
  let place: AskerParts['place']
  let flushing: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(flushing)
    flushing = undefined
    try {
      answers.flush(now())
    } catch (error) {
      // They are in memory, and the next flush takes them along.
      log.warn(`answers of look-ups cannot be kept: ${(error as Error).message}`)
    }
  }

  function remember(key: string, answer: Answer, { cache, cache_unknown }: CommonOptions): void {
    if (answer.kind !== 'known' && answer.kind !== 'unknown') return
    const seconds = secondsOf(answer.kind === 'known' ? cache : cache_unknown)
    if (seconds === 0) return
    answers.put(key, answer.kind === 'known' ? answer.fields : null, now() + seconds * 1000)
    flushing ??= setTimeout(flush, 1000).unref()
  }

  const keyOf = ({ scope }: Service, { kind, value }: Subject) => digest(scope, kind, value)

  function recall(key: string): Answer | undefined {
    const fields = answers.get(key, now())
    if (fields === undefined) return undefined
    return fields === null ? { kind: 'unknown' } : { kind: 'known', fields }
  }

  /** The service as one destination knows it. */
  interface Service {
    lookup: Lookup
    options: Record<string, unknown> & CommonOptions
    /** Names the options that an answer depends on. */
    scope: string
    /** Names the credential. */
    account: string
    http: HttpClient
    deadline_ms: number
  }

  async function ask(service: Service, subject: Subject, signal: AbortSignal): Promise<Reply> {
    const key = keyOf(service, subject)
    const known = recall(key)
    if (known) return { answer: known }
    let asking = underWay.get(key)
    if (!asking) {
      asking = request(service, subject, signal).then((reply) => {
        remember(key, reply.answer, service.options)
        return reply
      })
      underWay.set(key, asking)
      const done = () => underWay.delete(key)
      asking.then(done, done)
    }
    return orStopped(asking, signal)
  }

  async function request(service: Service, subject: Subject, signal: AbortSignal): Promise<Reply> {
    const { lookup, options, account, http, deadline_ms } = service
    let full: ReturnType<typeof quotas.take>
    try {
      full = quotas.take(account, options, now())
    } catch (error) {
      throw new Trouble(`the quota cannot be counted: ${(error as Error).message}`)
    }
    if (full) return { answer: { kind: 'retry', reason: full.reason, after_ms: full.wait_ms, busy: true } }
    const reply = await askOnce(lookup, options, subject, (made) => http.send(made, deadline_ms, true, signal), now())
    const answer = reply.response ? patience(account, reply.answer) : reply.answer
    rest.heard(account, answer, now())
    return { ...reply, answer }
  }

  /** A service that has enough of us and does not say for how long is left alone for longer each time: its quota of the day may be used up. */
  function patience(account: string, answer: Answer): Answer {
    if (answer.kind !== 'retry' || !answer.busy) {
      refusals.delete(account)
      return answer
    }
    const count = refusals.get(account) ?? 0
    refusals.set(account, count + 1)
    return { ...answer, after_ms: answer.after_ms ?? Math.min(60_000 * 2 ** count, hour) }
  }

  return {
    async sender(destination) {
      const { type, concurrency, deadline } = destination
      if (!Object.hasOwn(lookups, type)) return undefined
      const lookup = (await lookups[type]!()).default
      const options = destination.options as Service['options']
      const { per_minute, per_day, cache, cache_unknown, fields, ask: kinds, ...deciding } = options
      const secrets = new Set<string>()
      collectSecrets(lookup.options, options, secrets)
      const service: Service = {
        lookup,
        options,
        scope: digest(type, JSON.stringify(deciding)),
        account: `${type} ${digest(...[...secrets].sort())}`,
        http: createHttpClient(concurrency, options as TlsOptions, most_answer_bytes),
        deadline_ms: deadline * 1000,
      }
      const { route } = compileRoute(destination)
      if (route) services.set(destination.name, askable(service, route))
      return senderOf(service)
    },
    asker(names) {
      if (names.includes('geoip') && place === undefined) readPlaces()
      const parts: Omit<AskerParts, 'place'> = { find: (name) => services.get(name), isOwn: isOurs, log, mask }
      return createAsker(names, () => ({ ...parts, place }))
    },
    reload() {
      if (place !== undefined) readPlaces()
    },
    close() {
      closing.abort()
      flush()
    },
  }

  function readPlaces(): void {
    const { geoip } = parts
    try {
      place = geoip === undefined ? undefined : openPlaces(geoip)
    } catch (error) {
      place = 'the GeoIP database cannot be read'
      log.error(`${place} for messages: ${(error as Error).message}`, { hint: 'see geoip in outrider.yaml' })
    }
  }

  function isOurs(alert: Alert): boolean {
    return isOwn(alert, parts.event_file)
  }

  function askable(service: Service, route: Route): Askable {
    const { lookup, options, account } = service
    return {
      lookup,
      options,
      wants: (alert) => route.matches(alert),
      recall: (subject) => recall(keyOf(service, subject)),
      rests: () => rest.reason(account, now()),
      async ask(subject) {
        try {
          return (await ask(service, subject, closing.signal)).answer
        } catch (error) {
          return { kind: 'retry', reason: (error as Error).message }
        }
      },
      missed: () => rest.missed(account, 'it did not answer in time', now()),
    }
  }

  function senderOf(service: Service): Sender {
    const { lookup, options, http } = service
    const begun = new Map<string, Map<string, Answer>>()
    const told = new Map<number, number>()

    /** Says what is wrong with the service, in the manager's name as Wazuh's look-ups do. */
    async function tell(status: number, description: string): Promise<void> {
      const before = told.get(status)
      if (before !== undefined && now() - before < hour) return
      const event = lookup.error?.(status, description) ?? {
        [lookup.event_name ?? lookup.name]: { error: status, description },
        integration: lookup.name,
      }
      try {
        await parts.publish([eventOf(lookup.name, event, undefined)])
        told.set(status, now())
      } catch (error) {
        log.warn(`${lookup.name}: "${description}" is not told as an event: ${(error as Error).message}`)
      }
    }

    async function send(line: string, alert: Alert, signal: AbortSignal): Promise<Attempt> {
      if (isOurs(alert)) return { outcome: { kind: 'delivered' }, unsent: true }
      const given = begun.get(line) ?? new Map<string, Answer>()
      const events: Event[] = []
      let rejected: { outcome: Outcome; reply: Reply } | undefined
      let unsent = true
      for (const subject of lookup.subjects(alert, options)) {
        const key = `${subject.kind} ${subject.value}`
        const answer = given.get(key)
        const reply = answer ? { answer } : await ask(service, subject, signal)
        if (reply.request) unsent = false
        const { kind } = reply.answer
        if (kind === 'retry' || kind === 'paused') {
          if (reply.status !== undefined && !signal.aborted) await tell(reply.status, parts.mask(reply.answer.reason))
          // With what is known already the alert needs fewer questions next time, also when nothing is cached.
          if (given.size > 0) keep(line, given)
          return show(reply.answer, reply)
        }
        if (kind === 'rejected') {
          rejected = { outcome: reply.answer, reply }
          await tell(reply.status ?? 422, parts.mask(reply.answer.reason))
          continue
        }
        given.set(key, reply.answer)
        const fields = reply.answer.kind === 'known' ? reply.answer.fields : undefined
        const event = lookup.event(fields, subject, alert, options)
        if (event) events.push(eventOf(lookup.name, event, alert.agent))
      }
      if (events.length > 0) {
        keep(line, given)
        await publish(events)
      }
      begun.delete(line)
      return rejected ? show(rejected.outcome, rejected.reply) : { outcome: { kind: 'delivered' }, unsent }
    }

    async function publish(events: Event[]): Promise<void> {
      try {
        await parts.publish(events)
      } catch (error) {
        throw new Trouble(`its events cannot be passed on: ${(error as Error).message}`)
      }
    }

    function keep(line: string, given: Map<string, Answer>): void {
      begun.set(line, given)
      for (const oldest of begun.keys()) {
        if (begun.size <= most_begun) break
        begun.delete(oldest)
      }
    }

    return {
      async send({ line, alert }, signal) {
        try {
          return await send(line, alert, signal)
        } catch (error) {
          const { message } = error as Error
          return error instanceof Trouble
            ? { outcome: { kind: 'retry', reason: message, busy: true } }
            : // An alert that the definition cannot read will not become readable.
              { outcome: { kind: 'rejected', reason: `nothing could be asked about it: ${message}` } }
        }
      },
      resolves: false,
      close: () => http.close(),
    }
  }
}

/** Whoever is stopped does not wait for a question of somebody else. */
function orStopped(asking: Promise<Reply>, signal: AbortSignal): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const stop = () => resolve({ answer: { kind: 'retry', reason: 'stopped', busy: true } })
    if (signal.aborted) stop()
    const ends = endsOf(signal)
    ends.add(stop)
    asking.then(resolve, reject).finally(() => ends.delete(stop))
  })
}

function show(outcome: Outcome, { request, response }: Reply): Attempt {
  return {
    outcome,
    ...(request && { request: () => showRequest(request) }),
    ...(response && { answer: describe(response) }),
  }
}

/** Whether an alert is about the result of a look-up, ours or Wazuh's own. */
export function isOwn({ location }: Alert, event_file?: string): boolean {
  return typeof location === 'string' && (Object.hasOwn(lookups, location) || location === event_file)
}

function digest(...parts: string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:${part}`)
  return hash.digest('hex').slice(0, 32)
}
