/** How the API says things: JSON with every secret masked, errors as `{ error, hint }`. */
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

type Mask = (text: string) => string

/** JSON of a value with each of its strings masked; masking the finished text instead could miss an escaped secret or break the JSON. */
export function maskedJson(value: unknown, mask: Mask): string {
  return JSON.stringify(value, (_key, part) => (typeof part === 'string' ? mask(part) : part)) ?? 'null'
}

/** The same for what is JSON already, such as the line of an alert: parsed only when there is something to hide. */
export function maskedLine(line: string, mask: Mask): string {
  if (mask(line) === line) return line
  return maskedJson(JSON.parse(line), mask)
}

export function json(c: Context, mask: Mask, value: unknown, status: ContentfulStatusCode = 200): Response {
  return c.body(maskedJson(value, mask), status, { 'Content-Type': 'application/json; charset=utf-8' })
}

/** Something the caller asked for cannot be had. Thrown by whatever finds out, answered in one place. */
export class ApiError extends Error {
  readonly status: ContentfulStatusCode
  readonly hint: string | undefined

  constructor(status: ContentfulStatusCode, error: string, hint?: string) {
    super(error)
    this.status = status
    this.hint = hint
  }
}
