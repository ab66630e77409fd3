/** What look-ups would ask about one alert, and, when wanted, what comes of it: without cache, without a trace, and not counted in Outrider's own quota. */
import type { Alert } from '../alert.ts'
import type { Config, Destination } from '../config.ts'
import type { Lookup, TlsOptions } from '../define.ts'
import { parseAlert, showRequest } from '../delivery/attempt.ts'
import { createHttpClient } from '../delivery/http.ts'
import type { Sender } from '../delivery/send.ts'
import type { Trial } from '../delivery/trial.ts'
import type { AskLookups } from '../delivery/types.ts'
import { openState } from '../durable/state.ts'
import type { Log } from '../log.ts'
import { compileRoute } from '../routes.ts'
import { askOnce, most_answer_bytes } from './ask.ts'
import { lookups } from './index.ts'
import { createLookups, isOwn } from './runner.ts'
import { migrations } from './store.ts'
import { subjectsOf } from './subjects.ts'

/** @param line the alert as a byte string */
export async function tryLookup(
  destination: Destination,
  lookup: Lookup,
  line: string,
  { now, mask, send }: { now(): number; mask(text: string): string; send: boolean },
): Promise<Trial> {
  const alert = parseAlert(line)
  if (!alert) return { request: '', outcome: { kind: 'rejected', reason: 'the line is no alert' } }
  const { options, deadline } = destination
  const subjects = lookup.subjects(alert, options)
  if (subjects.length === 0)
    return { request: '', outcome: { kind: 'delivered', reason: 'nothing in this alert is asked about' } }
  const request = mask(subjects.map((subject) => showRequest(lookup.request(subject, options)).trimEnd()).join('\n\n'))
  if (!send) return { request }
  const http = createHttpClient(1, options as TlsOptions, most_answer_bytes)
  try {
    const told: string[] = []
    for (const subject of subjects) {
      const { answer } = await askOnce(
        lookup,
        options,
        subject,
        (made) => http.send(made, deadline * 1000, true),
        now(),
      )
      if (answer.kind !== 'known' && answer.kind !== 'unknown')
        return { request, outcome: { kind: answer.kind, reason: mask(answer.reason) }, answer: told.join('\n') }
      const event = lookup.event(answer.kind === 'known' ? answer.fields : undefined, subject, alert, options)
      told.push(event ? JSON.stringify(event, null, 2) : `${subject.value} is not known there, which is no event`)
    }
    return { request, outcome: { kind: 'delivered' }, answer: mask(told.join('\n')) }
  } finally {
    await http.close()
  }
}

/** The look-ups that a destination is told of (`lookups`). */
export interface LookupsTrial {
  /** What each would be asked, or why it would not, secrets masked. */
  asked: string
  ask: AskLookups
  close(): Promise<void>
}

/** @param line the alert as a byte string */
export async function openLookupsTrial(
  names: readonly string[],
  { destinations, geoip }: Pick<Config, 'destinations' | 'geoip'>,
  line: string,
  { now, mask, log }: { now(): number; mask(text: string): string; log: Log },
): Promise<LookupsTrial> {
  const state = openState(':memory:', migrations)
  const runner = createLookups({
    state,
    publish: async () => {},
    ...(geoip !== undefined && { geoip }),
    now,
    log,
    mask,
  })
  const senders: Sender[] = []
  const asked: string[] = []
  const alert = parseAlert(line)
  for (const name of names) {
    const destination = destinations.find((one) => one.name === name)
    const sender = destination && (await runner.sender(destination))
    if (sender) senders.push(sender)
    if (alert) asked.push(destination ? await askedBy(destination, alert) : placeAsked(alert))
  }
  return {
    asked: mask(asked.join('\n\n')),
    ask: runner.asker(names),
    async close() {
      await Promise.all(senders.map((sender) => sender.close()))
      runner.close()
      state.close()
    },
  }
}

async function askedBy(destination: Destination, alert: Alert): Promise<string> {
  const { name, type, options } = destination
  const { default: lookup } = await lookups[type]!()
  const { route } = compileRoute(destination)
  const verdict = route?.explain(alert) ?? { sent: false, reason: 'its where: or except: is broken' }
  const subjects = lookup.subjects(alert, options)
  if (isOwn(alert)) return `${name} is not asked: the alert is what a look-up led to`
  if (!verdict.sent) return `${name} is not asked: ${verdict.reason}`
  if (subjects.length === 0) return `${name} is not asked: nothing in this alert is asked about`
  return `${name}:\n${subjects.map((subject) => showRequest(lookup.request(subject, options)).trimEnd()).join('\n\n')}`
}

function placeAsked(alert: Alert): string {
  const [address] = subjectsOf(alert, ['ip'])
  return address
    ? `geoip: where ${address.value} is`
    : 'geoip is not asked: there is no public address at the usual places of this alert'
}
