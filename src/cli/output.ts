/** What commands print: tables for people, JSON for programs. Colour only on a terminal. */
import { stripVTControlCharacters, styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** `text` in a style, when standard output is a terminal and NO_COLOR is not set. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout, validateStream: true })
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/**
 * Columns as wide as their widest cell; the last one is cut at the terminal's edge. Control characters in cells (log text is a stranger's)
 * are made visible, so that no alert can move the cursor or recolour the screen.
 */
export function table(head: string[], rows: string[][]): string {
  const safe = rows.map((row) => row.map(makeVisible))
  const widths = head.map((title, column) => Math.max(title.length, ...safe.map((row) => row[column]?.length ?? 0)))
  const edge = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY
  const line = (cells: string[]) => {
    const text = cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column]!)))
      .join('  ')
    return text.length > edge ? `${text.slice(0, edge - 1)}…` : text
  }
  return [styled('bold', line(head)), ...safe.map(line)].join('\n')
}

/**
 * Prints what a daemon's list holds: as JSON, as a table with a column for each title, or what is said when there is nothing.
 *
 * @param columns what stands below each title
 */
export function printList<T>(
  list: readonly T[],
  {
    json,
    none,
    columns,
  }: { json: boolean | undefined; none: string; columns: Record<string, (one: T, now: number) => string> },
): void {
  const now = Date.now()
  const cells = Object.values(columns)
  const rows = list.map((one) => cells.map((cell) => cell(one, now)))
  if (json) print(JSON.stringify(list))
  else print(rows.length === 0 ? none : table(Object.keys(columns), rows))
}

export function makeVisible(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, (character) => (character === '\n' ? '⏎' : '·'))
}

/** The same for a text of many lines. */
export const makeLinesVisible = (text: string): string => text.split('\n').map(makeVisible).join('\n')

/** `2026-01-31T18:00:00Z`. */
export const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

/** `3 s ago`, `in 5 min`: a moment as seen from now. */
export function relative(at: number, now: number): string {
  const seconds = Math.round(Math.abs(at - now) / 1000)
  const text =
    seconds < 90
      ? `${seconds} s`
      : seconds < 5400
        ? `${Math.round(seconds / 60)} min`
        : seconds < 129_600
          ? `${Math.round(seconds / 3600)} h`
          : `${Math.round(seconds / 86_400)} days`
  return at > now ? `in ${text}` : `${text} ago`
}
