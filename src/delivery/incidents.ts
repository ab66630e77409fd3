/**
 * Groups of alerts that have one life at a destination: the first alert of a group is sent at once, those that follow within `repeat` are counted, and the
 * next message says "+37 more".
 *
 *   alert ── sent ──┬── alert, alert, alert: counted ──┬── repeat is over: the last one is sent, "+2 more" ──┬── … nothing more: the incident is over
 *
 * It is over after a quiet time, when an alert says so (`resolve_on`), or when the block ends that one of its alerts has caused (`resolve_with_block`).
 *
 * - Counting is on the disk with the cursor that has passed the alert. While a message is on its way, what was before it is what is written: after a kill
 *   its alert is read again and makes it again. What was counted just before a kill may be counted twice; nothing is counted never.
 * - Time is that of the delivery and not of the alerts, so what piled up during an outage becomes a few messages.
 */
import { createHash } from 'node:crypto'
import { type Alert, toBytes } from '../alert.ts'
import type { Destination } from '../config.ts'
import { alertName, EarlyEnds, type NotedEnd } from './block-ends.ts'

/** What one message says about its incident; kept with a delivery that waits. */
export interface IncidentPart {
  key: string
  /** Alerts since the message before that were not sent. */
  more: number
  /** When the first alert of the incident came. */
  since: number
  /** The destination's own name for it. */
  ref?: string
  /** The incident is over, and the destination is told. */
  is_over?: boolean
  /** Why it is. */
  over?: Over
  /** It is no incident: the alert is a summary of others, in its own words. */
  is_summary?: boolean
}

/** Nothing more in so many seconds; an alert that says so; the end of a block. */
export type Over = { by: 'quiet'; seconds: number } | { by: 'alert' } | { by: 'block'; target: string }

export interface StoredIncident {
  key: string
  opened: number
  sent_at: number
  more: number
  /** The newest alert, a byte string. */
  last: string
  /** The destination's own name for it: a ticket, a message. */
  ref: string | null
  /** Its newest alerts, as `RULE ID`, where blocks may end it. */
  alerts: string[]
}

export function incidentSettings(
  { repeat = 3600, resolve_on, resolve_after, resolve_with_block }: Destination,
  fields: string[],
): IncidentSettings {
  // What says itself when it is over may be quiet for long before.
  const quiet = resolve_after ?? (resolve_on === undefined ? repeat : 7 * 86_400)
  return {
    fields,
    repeat_ms: repeat * 1000,
    quiet_ms: Math.max(repeat, quiet) * 1000,
    keeps_alerts: resolve_with_block,
  }
}

interface Incident extends StoredIncident {
  /** Messages that are neither delivered nor in the table. */
  under_way: number
  /** What the disk should say while they are: how it was before them. */
  before: StoredIncident | undefined
}

/** A message that fell due: of alerts that were counted, or the last one of an incident. */
export interface DueMessage {
  line: string
  part: IncidentPart
}

/** Beyond so many open incidents all further alerts are one: the fields may hold what an attacker chooses. */
const most_incidents = 100_000
/** A block follows its alert closely, so it was one of the newest. */
const most_alerts = 50

interface IncidentSettings {
  /** Dotted paths; none: all alerts are one incident. */
  fields: string[]
  /** Between two messages. */
  repeat_ms: number
  /** Without an alert, after which it is over; at least `repeat_ms`. */
  quiet_ms: number
  /** Whether to know later of which incident an alert was. */
  keeps_alerts?: boolean
}

export class Incidents {
  private readonly fields: string[][]
  private readonly repeat_ms: number
  private readonly quiet_ms: number
  private readonly keeps_alerts: boolean
  /** By key, in the order of `sent_at`. */
  private readonly open = new Map<string, Incident>()
  /** Of those, with nothing to tell but perhaps their end; in the same order. Apart, so that nobody looks through them for what is due. */
  private readonly resting = new Map<string, Incident>()
  private readonly changed = new Set<string>()
  /** Ends of blocks that came too early. */
  readonly early = new EarlyEnds()
  /** Keys of incidents for which there is one among them. */
  private readonly ripe = new Set<string>()
  /** Beginning of the newest that is closed. */
  private lastClosed = Number.NEGATIVE_INFINITY

  constructor({ fields, repeat_ms, quiet_ms, keeps_alerts = false }: IncidentSettings, stored: StoredIncident[]) {
    this.fields = fields.map((field) => field.split('.'))
    this.repeat_ms = repeat_ms
    this.quiet_ms = quiet_ms
    this.keeps_alerts = keeps_alerts
    for (const one of stored.toSorted((a, b) => a.sent_at - b.sent_at))
      this.open.set(one.key, { ...one, under_way: 0, before: undefined })
  }

  /** Notes an alert. The part of its message, when it is to be sent; undefined when it was counted. */
  see(alert: Alert, line: string, now: number): IncidentPart | undefined {
    let key = this.keyOf(alert)
    let incident = this.get(key)
    if (!incident && this.size >= most_incidents) {
      key = 'others'
      incident = this.get(key)
    }
    this.changed.add(key)
    if (!this.early.isEmpty && this.early.see(alertName(alert.id, alert.rule.id))) this.ripe.add(key)
    const alerts = this.keeps_alerts
      ? [...(incident?.alerts ?? []).slice(1 - most_alerts), alertName(alert.id, alert.rule.id)]
      : []
    if (incident) incident.alerts = alerts
    if (incident && now - incident.sent_at < this.repeat_ms) {
      incident.more++
      incident.last = line
      return undefined
    }
    const more = incident?.more ?? 0
    const next: Incident = {
      key,
      // Two of a group never began at the same time, so that messages know theirs.
      opened: incident?.opened ?? Math.max(now, this.lastClosed + 1),
      ref: incident?.ref ?? null,
      sent_at: now,
      more: 0,
      last: line,
      alerts,
      under_way: (incident?.under_way ?? 0) + 1,
      before: incident && (incident.under_way > 0 ? incident.before : storedOf(incident)),
    }
    this.put(next)
    return partOf(next, more)
  }

  /** Messages for what was counted, and ends of incidents in which nothing more happened. */
  due(now: number): DueMessage[] {
    const messages: DueMessage[] = []
    for (const incident of this.open.values()) {
      if (now - incident.sent_at < this.repeat_ms) break
      // Its message is still waited for, so nobody has heard of it.
      if (incident.under_way > 0) continue
      const { key, more, last: line } = incident
      if (more > 0) {
        this.changed.add(key)
        this.put({ ...incident, more: 0, sent_at: now })
        messages.push({ line, part: partOf(incident, more - 1) })
      } else {
        this.open.delete(key)
        this.resting.set(key, incident)
      }
    }
    for (const incident of this.resting.values()) {
      if (now - incident.sent_at < this.quiet_ms) break
      messages.push(this.close(incident, incident.last, { by: 'quiet', seconds: this.quiet_ms / 1000 }))
    }
    return messages
  }

  /** When the next message may fall due. */
  next(): number | undefined {
    const [resting] = this.resting.values()
    const end = resting && resting.sent_at + this.quiet_ms
    for (const { sent_at, under_way } of this.open.values())
      if (under_way === 0) return Math.min(sent_at + this.repeat_ms, end ?? Number.POSITIVE_INFINITY)
    return end
  }

  /** Ends the incident to whose group an alert belongs; undefined: there is none. */
  end(alert: Alert, line: string): DueMessage | undefined {
    const incident = this.get(this.keyOf(alert))
    return incident && this.close(incident, line, { by: 'alert' })
  }

  /**
   * Ends the incidents of alerts whose blocks have ended. What was not read yet, or is on its way, would after a kill open the incident again: its end
   * comes by {@link endsThatWaited} when it is safe.
   */
  endOfBlocks(blocks: readonly NotedEnd[], now: number): DueMessage[] {
    const ends = new Map(blocks.map((end) => [alertName(end.alert, end.rule), end]))
    const ended: DueMessage[] = []
    for (const incident of [...this.open.values(), ...this.resting.values()]) {
      const found = incident.alerts.flatMap((name) => {
        const end = ends.get(name)
        ends.delete(name)
        return end ?? []
      })
      const [first] = found
      if (!first) continue
      if (incident.under_way > 0) {
        for (const end of found) this.early.hold(end, now, true)
        this.ripe.add(incident.key)
      } else ended.push(this.close(incident, incident.last, { by: 'block', target: first.target }))
    }
    for (const end of ends.values()) this.early.hold(end, now, false)
    return ended
  }

  /** Ends of incidents whose blocks ended before their alerts were read and told of. */
  endsThatWaited(): DueMessage[] {
    const ended: DueMessage[] = []
    for (const key of this.ripe) {
      const incident = this.get(key)
      if (incident && incident.under_way > 0) continue
      this.ripe.delete(key)
      const target = incident && this.early.take(incident.alerts)
      if (target !== undefined) ended.push(this.close(incident!, incident!.last, { by: 'block', target }))
    }
    return ended
  }

  private close(incident: Incident, line: string, over: Over): DueMessage {
    const { key, more, opened: since } = incident
    this.changed.add(key)
    this.open.delete(key)
    this.resting.delete(key)
    this.lastClosed = Math.max(this.lastClosed, since)
    // The alert that is shown is one of those that were counted, unless it is the one that ends it.
    const others = over.by === 'alert' ? more : Math.max(0, more - 1)
    return { line, part: { ...partOf(incident, others), is_over: true, over } }
  }

  /** A message that {@link see} asked for is delivered, or safe in the table. */
  settled({ key, since }: IncidentPart): void {
    const incident = this.get(key)
    if (incident?.opened !== since) return
    if (incident.under_way > 0) incident.under_way--
    if (incident.under_way === 0) incident.before = undefined
    this.changed.add(key)
  }

  delivered({ key, since }: IncidentPart, ref: string): void {
    const incident = this.get(key)
    if (incident?.opened !== since || incident.ref !== null) return
    incident.ref = ref
    this.changed.add(key)
  }

  ref({ key, since }: IncidentPart): string | undefined {
    const incident = this.get(key)
    return (incident?.opened === since && incident.ref) || undefined
  }

  get size(): number {
    return this.open.size + this.resting.size
  }

  /** Writes what changed; the returned function is called when that is committed. */
  flush(put: (incident: StoredIncident) => void, remove: (key: string) => void): () => void {
    const written: string[] = []
    for (const key of this.changed) {
      const incident = this.get(key)
      const kept = incident && (incident.under_way === 0 ? incident : incident.before)
      // What is opened anew right now takes the place of one that is over.
      if (kept) put(kept)
      else remove(key)
      written.push(key)
    }
    return () => {
      for (const key of written) this.changed.delete(key)
    }
  }

  private get(key: string): Incident | undefined {
    return this.open.get(key) ?? this.resting.get(key)
  }

  private put(incident: Incident): void {
    this.open.delete(incident.key)
    this.resting.delete(incident.key)
    this.open.set(incident.key, incident)
  }

  private keyOf(alert: Alert): string {
    const values = this.fields.map(
      (path) => path.reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), alert) ?? null,
    )
    return createHash('sha256')
      .update(toBytes(JSON.stringify(values)), 'latin1')
      .digest('hex')
      .slice(0, 32)
  }
}

/** With the destination's name for it, as far as that is known: the message may be tried when the incident is over and forgotten. */
function partOf({ key, opened: since, ref }: StoredIncident, more: number): IncidentPart {
  return { key, more, since, ...(ref !== null && { ref }) }
}

function storedOf({ key, opened, sent_at, more, last, ref, alerts }: StoredIncident): StoredIncident {
  return { key, opened, sent_at, more, last, ref, alerts }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
