/** Something wrong in a file that a person wrote: what, where, and how to mend it. One bad block never stops the rest. */
export interface Problem {
  severity: 'error' | 'warning'
  /** Path as the user gave it; empty when what is wrong is no file's. */
  file: string
  /** First line is 1; 0 when the whole file is meant. */
  line: number
  /** Lower case, no final period, values in quotes. */
  message: string
  /** How to mend it. */
  hint?: string
  /** What a real Wazuh would do with it, where that differs from skipping the block: "the manager does not start". */
  wazuh?: string
}

/** `etc/ossec.conf:14 error: …` and the hint on a line of its own. */
export function formatProblem(problem: Problem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}` : problem.file
  const lines = [`${place} ${problem.severity}: ${problem.message}`.trimStart()]
  if (problem.hint) lines.push(`  hint: ${problem.hint}`)
  if (problem.wazuh) lines.push(`  Wazuh: ${problem.wazuh}`)
  return lines.join('\n')
}

/**
 * Something that a person has to mend before a command can do its work: wrong usage, a taken port, a folder that cannot be written. The command
 * line prints message and hint and ends with exit code 2; everything else that is thrown is a fault of ours.
 */
export class UserError extends Error {
  override name = 'UserError'
  hint?: string
  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, { cause })
    this.hint = hint
  }
}

/** What was asked for is right, and the daemon or a server did not do it. Printed like a {@link UserError}; exit code 1. */
export class Refused extends UserError {
  override name = 'Refused'
}
