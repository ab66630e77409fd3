/** Options that several definitions share. The names are Wazuh's where it has one: `hook_url`, `api_key`. */
import * as z from 'zod/mini'

export const secretText = (description: string) =>
  z.string().check(z.minLength(1), z.meta({ description, secret: true }))

// A blank within is taken by the URL parser, and is nearly always a slip while pasting that leads to another place.
const url = () =>
  z
    .url({ protocol: /^https?$/, abort: true })
    .check(z.regex(/^\s*\S+\s*$/, 'not a URL: it has a blank, which is written %20'))

export const httpUrl = (description: string) => url().check(z.meta({ description }))

/** A URL that is a credential by itself. */
export const secretUrl = (description: string) => url().check(z.meta({ description, secret: true }))

/** A broker's address has no path, and its credential an option of its own. */
export const brokerUrl = (...schemes: [string, ...string[]]) =>
  z
    .string()
    .check(
      z.regex(
        new RegExp(`^(?:${schemes.join('|')})://(?:[A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(?::\\d{1,5})?/?$`),
        `not an address such as ${schemes[0]}://host:port, with nothing before the host or after the port`,
      ),
    )

export const choice = <const T extends readonly [string, ...string[]]>(
  values: T,
  preset: T[number],
  description: string,
) => z._default(z.enum(values), preset).check(z.describe(description))

export const textOption = (description: string) =>
  z.optional(z.string().check(z.minLength(1))).check(z.describe(description))

/** For servers of one's own, whose certificates are often signed by an authority of one's own. */
export const tls = {
  ca_file: textOption("PEM file with the authority that signed the server's certificate."),
  ssl_verify: z._default(z.boolean(), true).check(z.describe('Set to false to accept any certificate.')),
}

/** `base` with `path` appended, unless it has a path already. */
export function withPath(base: string, path: string): string {
  const url = new URL(base)
  if (url.pathname !== '/' && url.pathname !== '') return base
  return `${url.origin}${path}${url.search}`
}

/** The JSON object of an answer; empty when it is none. */
export function jsonOf(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  } catch {
    return {}
  }
}

/** `Authorization` of HTTP Basic, RFC 7617. */
export function basicAuth(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}
