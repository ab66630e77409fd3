import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/**
 * A wait that a change of a file, or anybody, may cut short.
 *
 * fs.watch is only a nudge: it does not say "rotated", not all file systems have it, and the kernel's supply of watches may be used up. The time limit is what
 * counts.
 */
export class Wake {
  private readonly watchers: FSWatcher[] = []
  private isNudged = false
  private release: (() => void) | undefined

  /** Ends the present wait, or else the next one at once. */
  nudge(): void {
    this.isNudged = true
    this.release?.()
  }

  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.isNudged && !signal?.aborted)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, ms)
        function done(): void {
          clearTimeout(timer)
          signal?.removeEventListener('abort', done)
          resolve()
        }
        this.release = done
        signal?.addEventListener('abort', done, { once: true })
      })
    this.release = undefined
    this.isNudged = false
  }

  /**
   * Nudges when the name is created, renamed or removed, or when the open file changes. The file itself must be watched as well as its folder: a write to
   * alerts.json is announced in the folder of the other hard link, which the writer opened.
   */
  watch(path: string, open?: string): void {
    if (this.watchers.length > 0) return
    const name = basename(path)
    this.add(dirname(path), (changed) => changed === null || changed === name)
    if (open !== undefined) this.add(open, () => true)
  }

  unwatch(): void {
    for (const watcher of this.watchers.splice(0)) watcher.close()
  }

  private add(path: string, concerns: (name: string | null) => boolean): void {
    try {
      const watcher = watch(path, { persistent: false }, (_, name) => {
        if (concerns(name)) this.nudge()
      })
      watcher.on('error', () => watcher.close())
      this.watchers.push(watcher)
    } catch {
      // No folder yet, no watch left (fs.inotify.max_user_watches), no inotify: polling does it.
    }
  }
}
