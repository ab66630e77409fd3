/** What a log line can carry besides its message. Field names are the same everywhere: `destination`, `alert`, `file`, `line`, … */
export type LogFields = Record<string, unknown>

export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

const levels = ['debug', 'info', 'warn', 'error'] as const

/**
 * A log of JSON lines (`{"time","level","message",…fields}`), or of readable lines for a terminal. `mask` sees every line before it is written, so
 * that a secret cannot slip out through a message nobody thought of.
 */
export function createLog(options: {
  write(line: string): void
  now(): number
  format: 'json' | 'text'
  level?: (typeof levels)[number]
  mask?(text: string): string
}): Log {
  const least = levels.indexOf(options.level ?? 'info')
  const mask = options.mask ?? ((text: string) => text)
  const at =
    (level: (typeof levels)[number]) =>
    (message: string, fields: LogFields = {}) => {
      if (levels.indexOf(level) < least) return
      const time = new Date(options.now()).toISOString()
      const line =
        options.format === 'json'
          ? JSON.stringify({ time, level, message, ...fields })
          : `${time.slice(11, 19)} ${level === 'info' ? '' : `${level.toUpperCase()} `}${message}${describe(fields)}`
      options.write(`${mask(line)}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function describe(fields: LogFields): string {
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return parts.length === 0 ? '' : `  (${parts.join(' ')})`
}
