/** Patterns that only name words. */
import { lowerAscii, type Pattern } from '../patterns/index.ts'

const knownWords = new WeakMap<Pattern, ReadonlySet<string> | null>()

/** The words of `^word$|^word$`, of which a text must be one, in the two languages that compare without case and to the very end. */
export function wordsOf(pattern: Pattern): ReadonlySet<string> | undefined {
  let words = knownWords.get(pattern)
  if (words === undefined) {
    // Only characters that mean themselves in both languages.
    const isPlain = /^\^[\w ./:,;@%-]+\$(?:\|\^[\w ./:,;@%-]+\$)*$/.test(pattern.source)
    const isFolded = pattern.kind === 'osregex' || pattern.kind === 'osmatch'
    words = isPlain && isFolded ? new Set(pattern.source.split('|').map((word) => lowerAscii(word.slice(1, -1)))) : null
    knownWords.set(pattern, words)
  }
  return words ?? undefined
}
