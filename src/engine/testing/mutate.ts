/** Log lines that resemble others: for comparing engines on what nobody thought of. The same seed gives the same lines. */

/** Numbers below a limit, the same in every run. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
    const mixed = Math.imul(state ^ (state >>> 13), 0x297a2d39) >>> 0
    return Math.floor(((mixed ^ (mixed >>> 16)) >>> 0) / (4_294_967_296 / below))
  }
}

/** A byte string made from another by a few cuts, swaps and replacements, now and then with a piece of a third. */
export function mutated(line: string, others: readonly string[], next: (below: number) => number): string {
  let text = line
  for (let edits = 1 + next(3); edits > 0; edits--) {
    const at = next(text.length + 1)
    const length = next(12)
    switch (next(8)) {
      case 0:
        text = text.slice(0, at) + text.slice(at + length)
        break
      case 1:
        text =
          text.slice(0, at) + String.fromCharCode(next(20) === 0 ? 128 + next(128) : 32 + next(95)) + text.slice(at + 1)
        break
      case 2:
        text = text.slice(0, at) + text.slice(at, at + length) + text.slice(at)
        break
      case 3: {
        const words = text.split(' ')
        const [a, b] = [next(words.length), next(words.length)]
        ;[words[a], words[b]] = [words[b]!, words[a]!]
        text = words.join(' ')
        break
      }
      case 4:
        text = text.slice(0, at)
        break
      case 5: {
        const other = others[next(others.length)]!
        const from = next(other.length + 1)
        text = text.slice(0, at) + other.slice(from, from + next(60)) + text.slice(at)
        break
      }
      case 6:
        text =
          next(2) === 0
            ? text.replace(/[a-z]+/g, (word) => word.toUpperCase())
            : text.replace(/[A-Z]+/g, (word) => word.toLowerCase())
        break
      default:
        text = text.slice(0, at) + '\t\n\\"{}[]:;=|\0'[next(13)] + text.slice(at)
    }
  }
  return text
}
