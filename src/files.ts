import { readFileSync, statSync } from 'node:fs'

/** What the readers of the configuration ask of the file system; tests hand in their own. Paths are absolute. */
export interface Files {
  /** The bytes of a file; throws as `readFileSync` does. */
  read(path: string): Buffer
  /** Links are followed; undefined when nothing is there, or it cannot be looked at. */
  stat(path: string): { mode: number; isFile: boolean } | undefined
}

export const realFiles: Files = {
  read: (path) => readFileSync(path),
  stat(path) {
    try {
      const found = statSync(path)
      return { mode: found.mode & 0o7777, isFile: found.isFile() }
    } catch {
      return undefined
    }
  },
}
