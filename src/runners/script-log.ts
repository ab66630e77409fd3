/** The log files that scripts share: one line at a time, each in one write(2), so that lines of scripts that run at the same time do not mix. */
import { closeSync, openSync, writeSync } from 'node:fs'

/** `2026/11/21 10:00:00`, local time, as Wazuh's own programs write it. */
export function logDate(ms: number): string {
  const date = new Date(ms)
  const two = (number: number) => String(number).padStart(2, '0')
  const day = `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/**
 * Appends a line.
 *
 * @param line a text without line end
 * @param mode of a new file
 * @returns whether it could be written
 */
export function appendLine(file: string, line: string, mode: number): boolean {
  try {
    const fd = openSync(file, 'a', mode)
    try {
      writeSync(fd, `${line}\n`)
    } finally {
      closeSync(fd)
    }
    return true
  } catch {
    // No folder, no permission, no space: nobody is there to be told but our caller.
    return false
  }
}

/** To standard output, which integratord reads: the last line of a script that failed stands in its log. */
export function say(line: string): void {
  try {
    writeSync(1, `${line}\n`)
  } catch {
    // Nobody listens.
  }
}
