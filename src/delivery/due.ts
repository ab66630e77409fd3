/** Jobs by the time at which they may be tried again. */
import type { Job } from './job.ts'

interface Entry {
  at: number
  entered: number
  job: Job
}

/**
 * A binary heap. A job may be entered anew with another time; entries that no longer agree with their job are passed over, which is cheaper than
 * finding them. Of the same time, the one that was entered first is the first: what failed together comes again in the same order.
 */
export class Due {
  private readonly heap: Entry[] = []
  private entered = 0

  /** Enters a waiting job, at its own time or another. */
  add(job: Job, at = job.next_at): void {
    job.next_at = at
    const { heap } = this
    let n = heap.push({ at, entered: this.entered++, job }) - 1
    while (n > 0) {
      const parent = (n - 1) >> 1
      if (isBefore(heap[parent]!, heap[n]!)) break
      ;[heap[parent], heap[n]] = [heap[n]!, heap[parent]!]
      n = parent
    }
  }

  /** The earliest job that is due. */
  take(now: number): Job | undefined {
    const top = this.top()
    if (!top || top.at > now) return undefined
    this.pop()
    return top.job
  }

  /** When the earliest is due. */
  next(): number | undefined {
    return this.top()?.at
  }

  all(visit: (job: Job) => void): void {
    for (const job of new Set(this.heap.filter(isCurrent).map(({ job }) => job))) visit(job)
  }

  private top(): Entry | undefined {
    while (this.heap.length > 0 && !isCurrent(this.heap[0]!)) this.pop()
    return this.heap[0]
  }

  private pop(): void {
    const { heap } = this
    const last = heap.pop()!
    if (heap.length === 0) return
    heap[0] = last
    for (let n = 0; ; ) {
      let least = n
      for (const child of [2 * n + 1, 2 * n + 2])
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child
      if (least === n) return
      ;[heap[least], heap[n]] = [heap[n]!, heap[least]!]
      n = least
    }
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.entered < b.entered)
}

function isCurrent({ at, job }: Entry): boolean {
  return job.state === 'waiting' && job.next_at === at
}
