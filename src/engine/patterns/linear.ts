/**
 * Native RegExp without back-tracking explosions: after 50,000 steps back V8 starts a match again with its breadth-first engine, which is
 * linear in text times pattern. It does so for what that engine knows, which {@link linearRegExp} asks it: no look-aheads, no
 * back-references, no flag `i`, and no part copied more than 16 times.
 *
 * `(a+)+$` on 26 letters and an exclamation mark: 3,800 ms without the flags, 2 ms with them. The flags are V8's own and called
 * experimental, so a test holds what they do: a Node that changes them is noticed. V8: src/regexp/experimental/experimental.cc.
 */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--enable-experimental-regexp-engine')
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')

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
