/**
 * The newest alerts in memory, for people who look on. Nothing depends on it: whoever needs every alert follows alerts.json with a cursor.
 *
 * Bounded twice, by count and by size, because one alert may carry 64 KiB of hostile log. Alerts are kept as the line they are in
 * alerts.json: small, quick to send, and parsed only by whoever filters by text.
 */
import { randomBytes } from 'node:crypto'
import type { Alert } from '../alert.ts'
import type { AlertEntry, AlertSource } from './parts.ts'

export class AlertFeed implements AlertSource {
  readonly epoch = randomBytes(6).toString('hex')
  readonly #capacity: number
  readonly #max_chars: number
  // By seq, in order: a Map keeps the order of insertion, and deleting its oldest is cheap.
  readonly #entries = new Map<number, AlertEntry>()
  #chars = 0
  #first = 1
  #last = 0
  readonly #listeners = new Set<() => void>()

  constructor({ capacity = 5000, max_chars = 16 * 1024 * 1024 } = {}) {
    this.#capacity = capacity
    this.#max_chars = max_chars
  }

  get first(): number {
    return this.#first
  }

  get last(): number {
    return this.#last
  }

  /** Adds one alert; `line` is its JSON as written to alerts.json, where the caller has it. */
  push(alert: Alert, line?: string): void {
    const text = line === undefined || /[\r\n]/.test(line) ? JSON.stringify(alert) : line
    const seq = ++this.#last
    this.#entries.set(seq, { seq, level: Number(alert.rule.level), rule: String(alert.rule.id), line: text })
    this.#chars += text.length
    while (this.#entries.size > 1 && (this.#entries.size > this.#capacity || this.#chars > this.#max_chars)) {
      this.#chars -= this.#entries.get(this.#first)!.line.length
      this.#entries.delete(this.#first++)
    }
    for (const listener of this.#listeners) listener()
  }

  get(seq: number): AlertEntry | undefined {
    return this.#entries.get(seq)
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
