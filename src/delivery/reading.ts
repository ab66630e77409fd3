/**
 * Which alerts of the log are settled, and so where the cursor may stand: before the first one that is not. Lines come in batches and are settled in
 * any order.
 *
 *   settled settled ─── ■ ─── settled ─── ■ ─── not handed out
 *                       ▲ cursor
 */
import type { FileCursor, Lines } from '../durable/follow.ts'

interface Batch {
  lines: Lines
  settled: Uint8Array
  /** Index of the first that is not settled. */
  first: number
  /** Index of the first that was not handed out. */
  next: number
}

/** Stands for one line that was handed out. */
export interface Ticket {
  batch: Batch
  index: number
}

export class Reading {
  /** Lines that were not handed out yet. */
  left = 0
  private readonly batches: Batch[] = []
  /** The first batch that may hold such. */
  private at = 0

  add(lines: Lines): void {
    this.batches.push({ lines, settled: new Uint8Array(lines.lines.length), first: 0, next: 0 })
    this.left += lines.lines.length
  }

  /** How many batches are in memory: the first is held by a line that is not settled, and holds all that follow. */
  get held(): number {
    this.dropDone()
    return this.batches.length
  }

  /** The next line in the log's order; undefined when all that was added is handed out. */
  next(): { line: string; ticket: Ticket } | undefined {
    for (; this.at < this.batches.length; this.at++) {
      const batch = this.batches[this.at]!
      if (batch.next >= batch.settled.length) continue
      const index = batch.next++
      this.left--
      return { line: batch.lines.lines[index]!, ticket: { batch, index } }
    }
    return undefined
  }

  settle({ batch, index }: Ticket): void {
    batch.settled[index] = 1
    while (batch.settled[batch.first] === 1) batch.first++
  }

  /** Where to begin after a restart; undefined when nothing was added yet. */
  cursor(): FileCursor | undefined {
    this.dropDone()
    const [batch] = this.batches
    if (!batch) return undefined
    return isDone(batch) ? batch.lines.cursor : batch.lines.after(batch.first)
  }

  private dropDone(): void {
    while (this.batches.length > 1 && isDone(this.batches[0]!)) {
      this.batches.shift()
      this.at = Math.max(0, this.at - 1)
    }
  }

  /** Lines handed out and not settled. */
  get unsettled(): number {
    let count = 0
    for (const { settled, next } of this.batches) for (let at = 0; at < next; at++) if (settled[at] === 0) count++
    return count
  }
}

function isDone({ first, settled }: Batch): boolean {
  return first === settled.length
}
