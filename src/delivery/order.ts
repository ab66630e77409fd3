/** Keeps alerts of the same key one after the other: the first of a key may be tried, the others stand behind it. */
import type { Job } from './job.ts'

export class Order {
  private readonly lines = new Map<string, { head: Job; behind: Job[] }>()
  /** How many stand behind another. */
  behind = 0

  /** Whether any alert with a key is under way. */
  get isEmpty(): boolean {
    return this.lines.size === 0
  }

  /** True when it may be tried; otherwise {@link leave} of the one before will give it. */
  enter(job: Job): boolean {
    if (job.key === undefined) return true
    const line = this.lines.get(job.key)
    if (!line) {
      this.lines.set(job.key, { head: job, behind: [] })
      return true
    }
    if (line.head === job) return true
    line.behind.push(job)
    this.behind++
    return false
  }

  /** Whether it stands behind nobody. */
  isFirst(job: Job): boolean {
    return job.key === undefined || this.lines.get(job.key)?.head === job
  }

  /** The first of its key: itself, or the one it stands behind. */
  firstOf(job: Job): Job {
    return (job.key === undefined ? undefined : this.lines.get(job.key)?.head) ?? job
  }

  /** Those behind it, when it is the first. */
  followers(job: Job): readonly Job[] {
    const line = job.key === undefined ? undefined : this.lines.get(job.key)
    return line?.head === job ? line.behind : []
  }

  /** How many stand behind another and have no row of their own. */
  get withoutRow(): number {
    let count = 0
    for (const { behind } of this.lines.values()) for (const job of behind) if (!job.hasRow) count++
    return count
  }

  /** Takes it out; answers the one that is first instead. */
  leave(job: Job): Job | undefined {
    const line = job.key === undefined ? undefined : this.lines.get(job.key)
    if (!line) return undefined
    if (line.head !== job) {
      const at = line.behind.indexOf(job)
      if (at < 0) return undefined
      line.behind.splice(at, 1)
      this.behind--
      return undefined
    }
    const next = line.behind.shift()
    if (!next) {
      this.lines.delete(job.key!)
      return undefined
    }
    this.behind--
    line.head = next
    return next
  }
}
