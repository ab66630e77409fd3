/** Several followers of one file find the same in it; people hear of it once. */
import type { Notice } from './follow.ts'

/** More at once than that, and some may be told again. */
const most = 200

export class Notices {
  private readonly readers = new Map<string, Set<string>>()

  /** Whether nobody has told of it yet, or this reader finds it again: then it has happened again. */
  isNews(reader: string, { message }: Pick<Notice, 'message'>): boolean {
    const known = this.readers.get(message)
    if (known && !known.has(reader)) {
      known.add(reader)
      return false
    }
    if (this.readers.size >= most) this.readers.clear()
    this.readers.set(message, new Set([reader]))
    return true
  }
}
