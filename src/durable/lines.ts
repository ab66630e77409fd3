/** Cuts bytes that come in pieces into lines. What a line end has not been seen for is held, up to the limit; the rest of a longer line is only counted. */
export class LineCutter {
  private readonly max: number
  private readonly long: 'cut' | 'skip'
  private readonly reportLong: (length: number, offset: number) => void
  private held: Buffer[] = []
  /** Of the unfinished line, also what was not kept. */
  private heldBytes = 0

  /** @param reportLong is told the length of a line over the limit, and where in the file it begins */
  constructor(max: number, long: 'cut' | 'skip', reportLong: (length: number, offset: number) => void) {
    this.max = max
    this.long = long
    this.reportLong = reportLong
  }

  /** True when a line has begun and not ended. */
  get isWaiting(): boolean {
    return this.heldBytes > 0
  }

  /**
   * @param from index of the first new byte
   * @param start where `bytes[0]` stands in the file
   * @returns the lines that end in it as byte strings, the index after each one's end, and the index after the last line end (`from`: there was none)
   */
  cut(bytes: Buffer, from: number, start: number): { lines: string[]; ends: number[]; next: number } {
    const lines: string[] = []
    const ends: number[] = []
    for (let at = bytes.indexOf(10, from); at !== -1; at = bytes.indexOf(10, from)) {
      let line: string | undefined
      if (this.heldBytes > 0 || at - from > this.max) {
        this.hold(bytes, from, at)
        line = this.finish(start + at)
      } else {
        // One copy per line: a slice of the whole chunk's text would keep all of it in memory for as long as somebody remembers one line.
        line = bytes.toString('latin1', from, at)
      }
      from = at + 1
      if (line === undefined) continue
      lines.push(line)
      ends.push(from)
    }
    this.hold(bytes, from, bytes.length)
    return { lines, ends, next: from }
  }

  /** Ends the line that is held, at this offset. @returns undefined when it is too long to be given */
  finish(end: number): string | undefined {
    const length = this.heldBytes
    const text = Buffer.concat(this.held).toString('latin1')
    this.reset()
    if (length <= this.max) return text
    this.reportLong(length, end - length)
    return this.long === 'cut' ? text : undefined
  }

  reset(): void {
    this.held = []
    this.heldBytes = 0
  }

  private hold(bytes: Buffer, from: number, to: number): void {
    const room = this.max - this.heldBytes
    if (room > 0 && to > from) this.held.push(Buffer.from(bytes.subarray(from, Math.min(to, from + room))))
    this.heldBytes += to - from
  }
}
