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
      const numbered: Numbered[] = []
      const names = new Set(namesIn(folder))
      for (const candidate of names) {
        const suffix = added(candidate)
        if (suffix === undefined) continue
        // While gzip is at work both are there, and the new one is not complete.
        if (candidate.endsWith('.gz') && names.has(candidate.slice(0, -3))) continue
        const file = statOf(join(folder, candidate))
        if (!file?.isFile()) continue
        const path = join(folder, candidate)
        const number = /^\.([1-9]\d{0,5})$/.exec(suffix)?.[1]
        if (number === undefined) found.push({ path, key: `${timeKey(file)} ${suffix}` })
        else numbered.push({ path, number: Number(number), file })
      }
      const sign = countsUp(numbered) ? 1 : -1
      for (const { path, number, file } of numbered)
        found.push({ path, key: `${timeKey(file)} ${String(1_000_000 + sign * number).padStart(7, '0')}` })
      return found
    },
    keyOf: (file, list) => (file ? timeKey(file) : list.reduce((latest, { key }) => (key > latest ? key : latest), '')),
  }
}

/** `a.log.1`, which does not say whether it is newer than `a.log.2`. */
interface Numbered {
  path: string
  number: number
  file: BigIntStats
}

/**
 * Several rotations may fall within one tick of the file system's clock; dates and numbers with leading zeros count up, but these only with some rotators. What
 * the others of them tell: with logrotate `.1` is newer than `.2`. Those of one time are asked when they were made, unless gzip has made one of them anew.
 */
function countsUp(numbered: readonly Numbered[]): boolean {
  const inOrder = numbered.toSorted((a, b) => a.number - b.number)
  const votes = (timeOf: (one: Numbered) => bigint | undefined): number => {
    let up = 0
    for (const [n, one] of inOrder.entries()) {
      const [first, second] = [timeOf(one), inOrder[n + 1] && timeOf(inOrder[n + 1]!)]
      if (first === undefined || second === undefined || first === second) continue
      up += first < second ? 1 : -1
    }
    return up
  }
  return (
    (votes(({ file }) => file.mtimeNs) ||
      votes(({ path, file }) => (path.endsWith('.gz') ? undefined : file.birthtimeNs))) > 0
  )
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

/** @throws the file system's error when it cannot even be said whether a file is there */
export function mustReach(path: string): void {
  try {
    statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error
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
