/** What loading decoders has to say, twice: the real engine's own words, and file:line with a mend for people. */
import type { Problem } from '../../problem.ts'

/** The list of messages of the original holds so many per file, the oldest being lost, and so many bytes of each. */
const maxMessages = 50
const maxLength = 2_047

const refuses = 'the manager does not start'

export class Report {
  readonly problems: Problem[] = []
  readonly messages: string[] = []
  /** Whether a real Wazuh refuses to start. What comes after is for people only. */
  isRefused = false
  private pending: string[] = []
  private file = ''
  private isFileRefused = false

  beginFile(file: string): void {
    this.file = file
    this.pending = []
    this.isFileRefused = false
  }

  endFile(): void {
    if (this.isRefused) return
    this.messages.push(...this.pending)
    if (!this.isFileRefused) return
    this.messages.push(`CRITICAL: (1202): Configuration error at '${this.file}'.`)
    this.isRefused = true
  }

  /** Something for which a real Wazuh refuses the file, and so to start. @param words its own, possibly several or none */
  refuse(line: number, words: string[], message: string, hint?: string): void {
    if (!this.isFileRefused) for (const text of words) this.say(`ERROR: ${text}`)
    this.isFileRefused = true
    this.problems.push(problem('error', this.file, line, message, hint, refuses))
  }

  /** An error in the words of a real Wazuh, which goes on with a default. */
  complain(line: number, words: string, message: string, hint?: string): void {
    if (!this.isFileRefused) this.say(`ERROR: ${words}`)
    this.problems.push(problem('error', this.file, line, message, hint, 'says so and goes on'))
  }

  warn(line: number, words: string, message: string, hint?: string): void {
    if (!this.isFileRefused) this.say(`WARNING: ${words}`)
    this.problems.push(problem('warning', this.file, line, message, hint))
  }

  /** Something that a real Wazuh passes over in silence. */
  note(line: number, message: string, hint: string): void {
    this.problems.push(problem('warning', this.file, line, message, hint))
  }

  /** A problem of the whole, found when all files are read. */
  refuseAll(words: string[], message: string, hint: string): void {
    if (!this.isRefused) this.messages.push(...words)
    this.isRefused = true
    this.problems.push(problem('error', this.file, 0, message, hint, refuses))
  }

  private say(text: string): void {
    const start = text.indexOf(': ') + 2
    this.pending.push(text.slice(0, start + maxLength))
    if (this.pending.length > maxMessages) this.pending.shift()
  }
}

function problem(
  severity: Problem['severity'],
  file: string,
  line: number,
  message: string,
  hint?: string,
  wazuh?: string,
): Problem {
  return { severity, file, line, message, ...(hint ? { hint } : {}), ...(wazuh ? { wazuh } : {}) }
}
