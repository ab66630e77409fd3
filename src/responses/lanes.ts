/**
 * Who waits for whom: jobs of one lane run one after the other, jobs of different lanes at the same time, but never more of one pool than it has
 * places. A job that hangs holds up its own lane and one place of its pool, nothing else.
 */
export interface Lanes {
  /** The job must not reject: its errors are its own business. */
  run(lane: string, pool: string, job: () => Promise<void>): void
  /** Resolves when nothing runs or waits. */
  idle(): Promise<void>
}

interface Job {
  lane: string
  pool: string
  run: () => Promise<void>
}

/** @param placesOf how many run at the same time, by pool */
export function createLanes(placesOf: (pool: string) => number): Lanes {
  /** Jobs behind the one of their lane that runs or is ready. A lane with neither is not here. */
  const behind = new Map<string, Job[]>()
  /** Jobs that wait for nothing but a place. */
  const ready = new Map<string, Job[]>()
  const free = new Map<string, number>()
  let unfinished = 0
  const listeners: (() => void)[] = []

  function offer(job: Job): void {
    const queue = ready.get(job.pool) ?? []
    ready.set(job.pool, queue)
    queue.push(job)
    start(job.pool)
  }

  function start(pool: string): void {
    const queue = ready.get(pool)!
    while (queue.length > 0 && (free.get(pool) ?? placesOf(pool)) > 0) {
      free.set(pool, (free.get(pool) ?? placesOf(pool)) - 1)
      const job = queue.shift()!
      void job.run().finally(() => finish(job))
    }
  }

  function finish({ lane, pool }: Job): void {
    free.set(pool, free.get(pool)! + 1)
    const next = behind.get(lane)!.shift()
    if (next) offer(next)
    else behind.delete(lane)
    start(pool)
    if (--unfinished === 0) for (const tell of listeners.splice(0)) tell()
  }

  return {
    run(lane, pool, run) {
      const job = { lane, pool, run }
      unfinished++
      const queue = behind.get(lane)
      if (queue) return void queue.push(job)
      behind.set(lane, [])
      offer(job)
    },
    idle: () => (unfinished === 0 ? Promise.resolve() : new Promise((resolve) => void listeners.push(resolve))),
  }
}
