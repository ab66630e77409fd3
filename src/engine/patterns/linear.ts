/**
 * Native RegExp without back-tracking explosions: after {@link backtracks} steps back V8 starts a match again with its breadth-first engine,
 * which is linear in text times pattern. It does so for what that engine knows, which {@link linearRegExp} asks it: no look-aheads, no
 * back-references, no flag `i`, and no part copied more than 16 times. A step back can run over a stretch of one class without being
 * counted, so the bound is `backtracks` times the text, and then the linear engine: 0.3 s for the longest log, 64 KB.
 *
 * `(a+)+$` on 26 letters and an exclamation mark: 3,800 ms without the flags, 2 ms with them. `a[^ ]+ [0-9]` on 65,000 letters, a blank and
 * a letter: 19 s with V8's own 50,000 steps, 0.3 s with 2,000; the stock patterns on the stock test lines take the same time with either. The flags are V8's own and called
 * experimental, so a test holds what they do: a Node that changes them is noticed. V8: src/regexp/experimental/experimental.cc.
 */
import { setFlagsFromString } from 'node:v8'

/** How many counted steps back come before the linear engine. */
const backtracks = 2000

setFlagsFromString('--enable-experimental-regexp-engine')
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
setFlagsFromString(`--regexp-backtracks-before-fallback=${backtracks}`)

/** How often the linear engine copies a repeated part at most. */
export const mostCopies = 16

/** The RegExp of a source, if its time can be bounded; undefined otherwise. */
export function linearRegExp(source: string, flags = ''): RegExp | undefined {
  try {
    new RegExp(source, `${flags}l`)
  } catch {
    return undefined
  }
  return new RegExp(source, flags)
}
