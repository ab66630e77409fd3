/** Looks without touching: what a destination would send, what a route would have sent, and why an alert went where it did. */
import type { Alert } from '../alert.ts'
import { startTimer } from '../clock.ts'
import type { Destination } from '../config.ts'
import type { Integration } from '../define.ts'
import type { FileCursor } from '../durable/follow.ts'
import type { State } from '../durable/state.ts'
import { compileRoute, type Route, type Verdict } from '../routes.ts'
import { alertFile, scriptArguments, TempFiles } from '../wazuh/integratord.ts'
import { buildRequest, type Given, parseAlert, showRequest } from './attempt.ts'
import { createScriptSender, createSender, type Item, type Sender } from './send.ts'
import { readSilences, type Silence } from './silences.ts'
import { openStore } from './store.ts'
import { presentationOf } from './templates.ts'
import type { AskLookups } from './types.ts'
import { withLookups } from './with-lookups.ts'

export interface Trial {
  /** What look-ups would be asked before, or were, secrets masked. */
  asked?: string
  /** What would be sent, secrets masked: a request, or a command line and the file it names. */
  request: string
  /** What came of it, when it was sent. */
  outcome?: { kind: string; reason?: string; ref?: string }
  /** The answer, or what the script printed. */
  answer?: string
}

/**
 * What a destination makes of one alert; sends it when asked to, once and without a trace in the queue.
 *
 * @param integration its definition; undefined for a script
 * @param line the alert as a byte string
 * @param how.ask asks the look-ups of the destination, when it is sent
 */
export async function tryDestination(
  destination: Destination,
  integration: Integration | undefined,
  line: string,
  how: { home: string; now(): number; mask(text: string): string; send: boolean; ask?: AskLookups | undefined },
): Promise<Trial> {
  const { home, now, mask, send, ask } = how
  const alert = parseAlert(line)
  if (!alert) return { request: '', outcome: { kind: 'rejected', reason: 'the line is no alert' } }
  const style = integration ? await presentationOf(destination) : {}
  const show = ({ facts, ...item }: Item): Trial =>
    integration
      ? showRequestOf(destination, integration, {
          ...item,
          destination: destination.name,
          now,
          style: { ...style, ...(facts && { found: facts }) },
        })
      : showScript(destination, item.line, item.alert)
  let shown = show({ line, alert })
  if (!send || shown.outcome) return { ...shown, request: mask(shown.request) }
  const sender: Sender = integration
    ? createSender(destination, integration, now, style)
    : createScriptSender(destination, { home, temp: new TempFiles(Math.floor(now() / 1000) & 0xffff), now })
  try {
    const noted: Sender = {
      ...sender,
      send(item, signal) {
        shown = show(item)
        return sender.send(item, signal)
      },
    }
    const { lookup_wait, language } = destination
    const warn = () => {}
    const telling = ask ? withLookups(noted, { ask, lookup_wait, language, schedule: startTimer, warn }) : noted
    const { outcome, answer } = await telling.send({ line, alert }, new AbortController().signal)
    const reason = 'reason' in outcome ? { reason: mask(outcome.reason) } : {}
    return { request: mask(shown.request), outcome: { ...outcome, ...reason }, ...(answer && { answer: mask(answer) }) }
  } finally {
    await sender.close()
  }
}

function showRequestOf({ options }: Destination, integration: Integration, given: Given): Trial {
  const built = buildRequest(integration, options, given)
  if ('error' in built)
    return {
      request: '',
      outcome: { kind: 'rejected', reason: `no request could be made of it: ${built.error.message}` },
    }
  if (!built.request)
    return { request: '', outcome: { kind: 'delivered', reason: 'the alert is not for this destination' } }
  return { request: showRequest(built.request) }
}

function showScript({ script }: Destination, line: string, alert: Alert): Trial {
  const block = script!
  const name = `/tmp/${block.name}-SECONDS-NUMBER`
  const argv = scriptArguments(block, {
    alert: `${name}.alert`,
    options: block.options === undefined ? undefined : `${name}.options`,
  })
  const given = argv.slice(1).map((argument) => JSON.stringify(argument))
  const file = Buffer.from(alertFile(block, line, alert), 'latin1').toString()
  return { request: `integrations/${block.name} ${given.join(' ')}\n\n${name}.alert:\n${file}` }
}

// ------------------------------------------------------------------------------------------------------------------- explain

export interface Explanation extends Verdict {
  destination: string
  /**
   * `unwanted`: the route says no. `settled`: it was delivered, or went before this destination was added. `ahead`: the destination has not come to it
   * yet. `silenced`: a silence held it back, or will. `unknown`: the alert's place in the log was not given.
   */
  fate: 'unwanted' | 'waiting' | 'rejected' | 'settled' | 'ahead' | 'silenced' | 'unknown'
  /** The silence it falls under, also when it went out before that began. */
  silence?: Silence
  /** Of the row, for those that wait or were rejected. */
  delivery?: { id: string; attempts: number; reason: string; next_try?: number }
}

/**
 * For one alert, each destination's verdict and what became of it.
 *
 * @param place where its line begins: the inode of the file, as a text, and the offset
 */
export function explainAlert(
  destinations: Destination[],
  alert: Alert,
  state: State,
  now: number,
  place?: { inode: string; offset: number },
): Explanation[] {
  const silenceOf = readSilences(state, now)
  const rows = openStore(state).list({ limit: 100_000 })
  return destinations.map((destination) => {
    const { name } = destination
    const { route } = compileRoute(destination)
    const verdict = route?.explain(alert) ?? { sent: false, reason: 'its where: or except: is broken' }
    const row = rows.find((one) => one.destination === name && isSame(parseAlert(one.alert), alert))
    if (row) {
      const delivery = {
        id: String(row.id),
        attempts: row.attempts,
        reason: row.reason,
        ...(row.state === 'waiting' && { next_try: row.next_at }),
      }
      return { ...verdict, destination: name, fate: row.state, delivery }
    }
    if (!verdict.sent) return { ...verdict, destination: name, fate: 'unwanted' }
    const fate = fateOf(state.cursor<FileCursor>(`delivery/${name}`).get(), place)
    const found = destination.silences === false ? undefined : silenceOf(alert, name)
    if (!found)
      return { ...verdict, ...(fate === 'settled' && countedWith(destination, verdict)), destination: name, fate }
    const { silence, why } = found
    // One that began after the alert may have come too late.
    const isHeld = why === 'its time' || fate === 'ahead'
    return { ...verdict, destination: name, fate: isHeld ? 'silenced' : fate, silence }
  })
}

/** What was delivered may have been so as a number in another message. */
function countedWith({ digest, group_by, storm }: Destination, { reason }: Verdict): Partial<Verdict> {
  if (digest) return { reason: `${reason}; it is told in a summary` }
  if (group_by) return { reason: `${reason}; the message of its incident may only count it` }
  return storm ? { reason: `${reason}; in a storm it is told in a summary` } : {}
}

/** An id is unique within one file only. */
function isSame(one: Alert | undefined, other: Alert): boolean {
  return one?.id === other.id && one.timestamp === other.timestamp && one.rule?.id === other.rule?.id
}

function fateOf(
  cursor: FileCursor | undefined,
  place: { inode: string; offset: number } | undefined,
): Explanation['fate'] {
  if (!cursor || !place) return 'unknown'
  if (cursor.inode === place.inode) return place.offset < cursor.offset ? 'settled' : 'ahead'
  return 'unknown'
}

// ------------------------------------------------------------------------------------------------------------------- what if

export interface RouteReport {
  alerts: number
  sent: number
  /** Of those that are sent, the most frequent first. */
  rules: { id: string; level: number; description: string; count: number }[]
  /** By the date in their timestamps. */
  days: { day: string; count: number }[]
  /** The first few. */
  sample: Alert[]
  /** Of those that are sent, what a silence holds back: one in force now, or one under which they happened. */
  silenced: { id: string; what: string; count: number }[]
  /** Why others are not sent, the most frequent first. */
  reasons: { reason: string; count: number }[]
}

/** What a route would have sent of these alerts. */
export async function tryRoute(
  route: Route,
  alerts: AsyncIterable<Alert[]>,
  silenceOf: (alert: Alert) => Silence | undefined = () => undefined,
  most = 10,
): Promise<RouteReport> {
  const silenced = new Map<string, RouteReport['silenced'][number]>()
  const rules = new Map<string, RouteReport['rules'][number]>()
  const days = new Map<string, number>()
  const reasons = new Map<string, number>()
  const sample: Alert[] = []
  let total = 0
  let sent = 0
  for await (const batch of alerts)
    for (const alert of batch) {
      total++
      if (!route.matches(alert)) {
        const { reason } = route.explain(alert)
        // What differs from alert to alert (a level, a location) is left out, or every alert has a reason of its own.
        const isOwn = /^(where|except|resolve_on)/.test(reason)
        const general = isOwn ? reason : reason.replace(/"[^"]*"|\([^)]*\)|\d+(?= is (below|not))/g, '…')
        reasons.set(general, (reasons.get(general) ?? 0) + 1)
        continue
      }
      sent++
      const silence = silenceOf(alert)
      if (silence) {
        const { id, what } = silence
        silenced.set(id, { id, what, count: (silenced.get(id)?.count ?? 0) + 1 })
      }
      const { id, level, description } = alert.rule
      const rule = rules.get(id) ?? { id, level, description, count: 0 }
      rule.count++
      rules.set(id, rule)
      const day = String(alert.timestamp).slice(0, 10)
      days.set(day, (days.get(day) ?? 0) + 1)
      if (sample.length < most) sample.push(alert)
    }
  return {
    alerts: total,
    sent,
    rules: [...rules.values()].sort((a, b) => b.count - a.count),
    days: [...days].sort().map(([day, count]) => ({ day, count })),
    sample,
    silenced: [...silenced.values()].sort((a, b) => b.count - a.count),
    reasons: [...reasons].sort((a, b) => b[1] - a[1]).map(([reason, count]) => ({ reason, count })),
  }
}
