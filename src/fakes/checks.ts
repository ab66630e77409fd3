/** What fakes check requests with. Every mistake is thrown as a {@link Broken}, and none shows a credential. */
import * as z from 'zod/mini'
import { Broken, type FakeRequest } from './define.ts'

const { localeError } = z.locales.en()

/** The body as JSON that fits the schema. `code` and `status` are those of a body that does not. */
export function jsonBody<S extends z.ZodMiniType>(
  request: FakeRequest,
  schema: S,
  { status = 400, code = '' } = {},
): z.infer<S> {
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/json\b/i.test(type)) throw new Broken(`content-type is "${type}", not application/json`, 415)
  const text = request.body.toString()
  const value = parsed(text, { status, code })
  // Rare, so it is looked for only where there can be one.
  if (/\\ud[89a-f]/i.test(text)) checkWellFormed(value, { status, code })
  return checked(value, schema, { status, code })
}

/** Half of a surrogate pair is no text: RFC 8259, 8.2, lets each server do with it what it likes, and many answer 500. */
function checkWellFormed(value: unknown, { status, code }: { status: number; code: string }): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new Broken('a text holds half of a surrogate pair', status, code)
  } else if (typeof value === 'object' && value !== null) {
    for (const one of Object.values(value)) checkWellFormed(one, { status, code })
  }
}

/** @param where what the text is, for the message */
export function parsed(text: string, { status = 400, code = '', where = 'the body' } = {}): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Broken(`${where} is not JSON`, status, code)
  }
}

export function checked<S extends z.ZodMiniType>(
  value: unknown,
  schema: S,
  { status = 400, code = '', where = '' } = {},
): z.infer<S> {
  const result = schema.safeParse(value, { error: localeError })
  if (result.success) return result.data
  const said = result.error.issues.map(({ path, message }) =>
    [[where, ...path].filter((part) => part !== '').join('.'), message].filter(Boolean).join(': '),
  )
  throw new Broken(said.slice(0, 3).join('; '), status, code)
}

/** What follows a word such as `Bearer` in `Authorization`. */
export function credential({ headers }: FakeRequest, scheme: string, code = ''): string {
  const given = headers.authorization
  if (given === undefined) throw new Broken('no Authorization header', 401, code)
  const at = `${scheme} `
  if (!given.toLowerCase().startsWith(at.toLowerCase()) || given.length === at.length)
    throw new Broken(`Authorization is not "${scheme} …"`, 401, code)
  return given.slice(at.length)
}

/** User and password of HTTP Basic. */
export function basic(request: FakeRequest, code = ''): { user: string; password: string } {
  const text = Buffer.from(credential(request, 'Basic', code), 'base64').toString()
  const at = text.indexOf(':')
  if (at < 1) throw new Broken('the Basic credential is not base64 of user:password', 401, code)
  return { user: text.slice(0, at), password: text.slice(at + 1) }
}

/** Basic or Bearer, whichever is sent. */
export function anyCredential(request: FakeRequest, schemes: readonly string[], code = ''): void {
  const scheme = schemes.find((one) => request.headers.authorization?.toLowerCase().startsWith(`${one} `.toLowerCase()))
  if (scheme === 'Basic') basic(request, code)
  else if (scheme !== undefined) credential(request, scheme, code)
  else throw new Broken(`Authorization is not ${schemes.map((one) => `"${one} …"`).join(' or ')}`, 401, code)
}

/** A header that must be there, such as one that carries a key. */
export function header({ headers }: FakeRequest, name: string, status = 401, code = ''): string {
  const value = headers[name]
  if (!value) throw new Broken(`no ${name} header`, status, code)
  return value
}

/** A text with at most so many characters, and at least one. */
export const text = (most: number) => z.string().check(z.minLength(1), z.maxLength(most))

/** The same, which may be empty. */
export const anyText = (most = Number.MAX_SAFE_INTEGER) => z.string().check(z.maxLength(most))

/** Something that many services want as an id: 32 hexadecimal digits that count up. */
export const hexId = (n: number, digits = 32) => n.toString(16).padStart(digits, '0')
