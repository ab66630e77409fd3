/** A PCRE2 pattern that PCRE2 itself refuses, or that asks for something we do not have. */
export class Pcre2SyntaxError extends Error {
  constructor(what: string, at: number) {
    super(`${what}, at ${at}`)
  }
}

/** Reads a pattern character by character. Under `(*UTF)` the text is decoded, and a character may take two places in it. */
export class Reader {
  readonly text: string
  at: number

  constructor(text: string, at = 0) {
    this.text = text
    this.at = at
  }

  get done(): boolean {
    return this.at >= this.text.length
  }

  /** The next character without taking it; '' at the end. */
  peek(): string {
    const code = this.text.codePointAt(this.at)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  /** Takes the next character; '' at the end. */
  next(): string {
    const char = this.peek()
    this.at += char.length
    return char
  }

  startsWith(text: string): boolean {
    return this.text.startsWith(text, this.at)
  }

  /** Takes `text` if it stands here. */
  take(text: string): boolean {
    if (!this.startsWith(text)) return false
    this.at += text.length
    return true
  }

  /** Takes what the sticky expression matches here; undefined, and nothing taken, when it does not. */
  takeMatch(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.at
    const found = expression.exec(this.text)
    if (!found) return undefined
    this.at += found[0].length
    return found
  }

  /** Takes everything up to and including `end`; undefined when it is missing. */
  takeUntil(end: string): string | undefined {
    const to = this.text.indexOf(end, this.at)
    if (to === -1) return undefined
    const taken = this.text.slice(this.at, to)
    this.at = to + end.length
    return taken
  }

  fail(what: string): never {
    throw new Pcre2SyntaxError(what, this.at)
  }
}
