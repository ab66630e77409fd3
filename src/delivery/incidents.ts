/**
 * Groups of alerts that have one life at a destination: the first alert of a group is sent at once, those that follow within `repeat` are counted, and the
 * next message says "+37 more".
 *
 *   alert ── sent ──┬── alert, alert, alert: counted ──┬── repeat is over: the last one is sent, "+2 more" ──┬── … nothing more: the incident is over
 *
 * - Counting is on the disk with the cursor that has passed the alert. While a message is on its way, what was before it is what is written: after a kill
 *   its alert is read again and makes it again. What was counted just before a kill may be counted twice; nothing is counted never.
 * - Time is that of the delivery and not of the alerts, so what piled up during an outage becomes a few messages.
 */
import { createHash } from 'node:crypto'
import { type Alert, toBytes } from '../alert.ts'

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
}

export interface StoredIncident {
  key: string
  opened: number
  sent_at: number
  more: number
  /** The newest alert, a byte string. */
  last: string
  /** The destination's own name for it: a ticket, a message. */
  ref: string | null
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

export class Incidents {
  private readonly fields: string[][]
  private readonly repeat_ms: number
  /** By key, in the order of `sent_at`. */
  private readonly open = new Map<string, Incident>()
  private readonly changed = new Set<string>()

  /** @param fields dotted paths; none: all alerts are one incident */
  constructor(fields: string[], repeat_ms: number, stored: StoredIncident[]) {
    this.fields = fields.map((field) => field.split('.'))
    this.repeat_ms = repeat_ms
    for (const one of stored.toSorted((a, b) => a.sent_at - b.sent_at))
      this.open.set(one.key, { ...one, under_way: 0, before: undefined })
  }

  /** Notes an alert. The part of its message, when it is to be sent; undefined when it was counted. */
  see(alert: Alert, line: string, now: number): IncidentPart | undefined {
    let key = this.keyOf(alert)
    let incident = this.open.get(key)
    if (!incident && this.open.size >= most_incidents) {
      key = 'others'
      incident = this.open.get(key)
    }
    this.changed.add(key)
    if (incident && now - incident.sent_at < this.repeat_ms) {
      incident.more++
      incident.last = line
      return undefined
    }
    const more = incident?.more ?? 0
    const next: Incident = {
      key,
      opened: incident?.opened ?? now,
      ref: incident?.ref ?? null,
      sent_at: now,
      more: 0,
      last: line,
      under_way: (incident?.under_way ?? 0) + 1,
      before: incident && (incident.under_way > 0 ? incident.before : storedOf(incident)),
    }
    this.put(next)
    return { key, more, since: next.opened }
  }

  /** Messages for what was counted, and ends of incidents in which nothing more happened. */
  due(now: number): DueMessage[] {
    const messages: DueMessage[] = []
    for (const incident of this.open.values()) {
      if (now - incident.sent_at < this.repeat_ms) break
      // Its message is still waited for, so nobody has heard of it.
      if (incident.under_way > 0) continue
      const { key, more, opened: since, last: line } = incident
      this.changed.add(key)
      if (more === 0) {
        this.open.delete(key)
        messages.push({
          line,
          part: { key, more: 0, since, is_over: true, ...(incident.ref !== null && { ref: incident.ref }) },
        })
      } else {
        this.put({ ...incident, more: 0, sent_at: now })
        messages.push({ line, part: { key, more: more - 1, since } })
      }
    }
    return messages
  }

  /** When the next message may fall due. */
  next(): number | undefined {
    for (const { sent_at, under_way } of this.open.values()) if (under_way === 0) return sent_at + this.repeat_ms
    return undefined
  }

  /** A message that {@link see} asked for is delivered, or safe in the table. */
  settled(key: string): void {
    const incident = this.open.get(key)
    if (!incident) return
    if (incident.under_way > 0) incident.under_way--
    if (incident.under_way === 0) incident.before = undefined
    this.changed.add(key)
  }

  delivered(key: string, ref: string | undefined): void {
    const incident = this.open.get(key)
    if (!incident || !ref || incident.ref !== null) return
    incident.ref = ref
    this.changed.add(key)
  }

  ref(key: string): string | undefined {
    return this.open.get(key)?.ref ?? undefined
  }

  get size(): number {
    return this.open.size
  }

  /** Writes what changed; the returned function is called when that is committed. */
  flush(put: (incident: StoredIncident) => void, remove: (key: string) => void): () => void {
    const written: string[] = []
    for (const key of this.changed) {
      const incident = this.open.get(key)
      if (!incident) remove(key)
      else if (incident.under_way === 0) put(incident)
      else if (incident.before) put(incident.before)
      written.push(key)
    }
    return () => {
      for (const key of written) this.changed.delete(key)
    }
  }

  private put(incident: Incident): void {
    this.open.delete(incident.key)
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

function storedOf({ key, opened, sent_at, more, last, ref }: StoredIncident): StoredIncident {
  return { key, opened, sent_at, more, last, ref }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
