/**
 * The candidate a person most likely meant: at most a third of the letters (and three) wrong, missing, too many or swapped with a neighbour; case,
 * `-` and `_` do not count.
 *
 * @returns undefined when none is near, or when the word is a candidate itself
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(word)
  let best: string | undefined
  let bestDistance = Math.min(3, Math.floor(Math.max(wanted.length, 3) / 3)) + 1
  for (const candidate of candidates) {
    if (candidate === word) return undefined
    const away = distance(wanted, plain(candidate), bestDistance)
    if (away < bestDistance) {
      best = candidate
      bestDistance = away
    }
  }
  return best
}

/** `did you mean "level"?`, for a hint; undefined when nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const found = nearest(word, candidates)
  return found === undefined ? undefined : `did you mean "${found}"?`
}

const plain = (word: string) => word.toLowerCase().replace(/[-_ ]/g, '')

/** Damerau's distance (neighbours swapped count one), or something not below `limit` when it is not below `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? beforeLast[j - 2]! + 1 : change
      row.push(Math.min(change, swap, last[j]! + 1, row[j - 1]! + 1))
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
