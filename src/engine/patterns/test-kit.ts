/** Seeded random patterns and texts for the tests that run two matchers side by side. */

/** A source of numbers that gives the same ones for the same seed. */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** A number from 0 to `limit` - 1. */
  below(limit: number): number {
    // mulberry32
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }

  pick<T>(choices: ArrayLike<T>): T {
    return choices[this.below(choices.length)]!
  }

  /** True `percent` times of a hundred. */
  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  /** `least` to `most` results of `make`, joined. */
  join(least: number, most: number, make: () => string, separator = ''): string {
    return Array.from({ length: least + this.below(most - least + 1) }, make).join(separator)
  }
}

/** A short byte string of a small alphabet, so that patterns of {@link osRegexPattern} and the others often match. */
export function text(random: Random): string {
  const alphabet = random.pick(['a1 ', 'aAbB1299   -_@:.=+*()$|<"\t\xe9\n', 'ab=: \n', 'a1-x.,:\r\n\x85\xa0'])
  return random.join(0, 16, () => random.pick(alphabet))
}

export function osRegexPattern(random: Random): string {
  const escapes = [
    '\\d',
    '\\w',
    '\\s',
    '\\p',
    '\\D',
    '\\W',
    '\\S',
    '\\.',
    '\\t',
    '\\(',
    '\\)',
    '\\\\',
    '\\$',
    '\\|',
    '\\<',
  ]
  return random.join(1, 3, alternative, '|')

  function alternative(): string {
    let isOpen = false
    const body = random.join(0, 7, () => {
      if (random.chance(20)) {
        isOpen = !isOpen
        return isOpen ? '(' : ')'
      }
      if (random.chance(40)) return random.pick('aB1 -:.+*=@"<\xe9')
      return random.pick(escapes) + random.pick(['', '', '+', '*'])
    })
    return `${random.chance(25) ? '^' : ''}${body}${isOpen ? ')' : ''}${random.chance(25) ? '$' : ''}`
  }
}

export function osMatchPattern(random: Random): string {
  return random.join(0, 8, () => random.pick('aAb1|^$!\\ .\xe9'))
}

/** A PCRE2 pattern; with `exotic` also what has no native form. Not all of them compile. */
export function pcre2Pattern(random: Random, exotic: boolean): string {
  const quantifiers = [
    '*',
    '+',
    '?',
    '*?',
    '+?',
    '??',
    '{2}',
    '{1,2}',
    '{0,2}?',
    '{2,}',
    '{1,20}',
    ...(exotic ? ['*+', '++'] : []),
  ]
  const sets = ['.', '\\d', '\\w', '\\s', '\\S', '[ab]', '[^ab]', '[a-c1-3]', '[[:alpha:]]', '[\\w.-]', '\\x41', '\\N']
  const places = ['^', '$', '\\b', '\\B', '\\A', '\\z', '\\Z']
  const groups = ['(', '(', '(?:', ...(exotic ? ['(?>', '(?=', '(?!', '(?<=', '(?<!', '(?|'] : [])]
  const settings = ['(?i)', '(?s)', '(?m)', '(?U)', '(?-i)']
  return random.join(1, 2, () => sequence(3), '|')

  function sequence(depth: number): string {
    return random.join(0, 4, () => item(depth))
  }

  function item(depth: number): string {
    if (random.chance(8)) return random.pick(places)
    if (random.chance(4)) return random.pick(settings)
    let one = random.pick('aAbB12 -_=:\n')
    if (random.chance(40)) one = random.pick(sets)
    else if (depth > 0 && random.chance(35)) {
      one = `${random.pick(groups)}${random.join(1, 2, () => sequence(depth - 1), '|')})`
    } else if (exotic && random.chance(10)) one = random.pick(['\\1', '\\2', '(?1)', '\\R'])
    return one + (random.chance(33) ? random.pick(quantifiers) : '')
  }
}
