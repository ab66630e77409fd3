/**
 * Where the older lines of a followed file are after it was rotated.
 *
 * Every older file has a key, and keys sort in the order in which the files were written. A cursor keeps the key of the file it is in, so a reader that comes
 * back after several rotations knows which files it has not seen, even when its own is gone.
 */
import { type BigIntStats, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** One file of a stream of lines; `.gz` at its end means that it is compressed. */
export interface Generation {
  path: string
  key: string
}

/** The files that may hold older lines. */
export interface History {
  /** In any order. May hold the followed file itself. */
  list(): Generation[]
  /** Key of the file that is followed, when it is not in the list; of nothing (no file yet): a key that all later ones come after. */
  keyOf(file: BigIntStats | undefined, list: Generation[]): string
}

/**
 * What logrotate and its like leave beside a file: `a.log.1`, `a.log.2.gz`, `a.log-20260131`, `a-20260131.log`, `a.1.log`. Their order is that of their last
 * change, which no scheme of names can spoil; gzip keeps it.
 */
export function siblings(path: string): History {
  const folder = dirname(path)
  const name = basename(path)
  const dot = name.lastIndexOf('.')
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']

  /** The part of a name that a rotation added; undefined when the file has nothing to do with ours. */
  function added(candidate: string): string | undefined {
    const plain = candidate.endsWith('.gz') ? candidate.slice(0, -3) : candidate
    const rest = plain.startsWith(name)
      ? plain.slice(name.length)
      : plain.startsWith(stem) && plain.endsWith(extension)
        ? plain.slice(stem.length, -extension.length || undefined)
        : ''
    return /^[.-]\d[\dT:_.-]*$/.test(rest) ? rest : undefined
  }

  return {
    list() {
      const found: Generation[] = []
      for (const candidate of namesIn(folder)) {
        const suffix = added(candidate)
        if (suffix === undefined) continue
        const file = statOf(join(folder, candidate))
        if (!file?.isFile()) continue
        // Several rotations within one tick of the file system's clock: `.1` is newer than `.2`, while
        // dates and numbers with leading zeros count up.
        const number = /^\.([1-9]\d{0,5})$/.exec(suffix)?.[1]
        const tie = number === undefined ? suffix : String(999_999 - Number(number)).padStart(6, '0')
        found.push({ path: join(folder, candidate), key: `${timeKey(file)} ${tie}` })
      }
      return found
    },
    keyOf: (file, list) => (file ? timeKey(file) : list.reduce((latest, { key }) => (key > latest ? key : latest), '')),
  }
}

/** Only the file itself: nothing older is looked for. */
export const noHistory: History = { list: () => [], keyOf: () => '' }

function timeKey(file: BigIntStats): string {
  return String(file.mtimeNs).padStart(20, '0')
}

/** Names in a folder; none when it is not there or cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** State of a file; undefined when it is not there or cannot be reached. */
export function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch {
    // A part of the path is not a folder, or may not be entered: to a follower the same as not there.
    return undefined
  }
}
