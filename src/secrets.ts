/**
 * Secrets: where they come from (`${env:NAME}`, `${file:PATH}` in the configuration) and how they are kept out of everything that is shown.
 */
import { isAbsolute, join } from 'node:path'
import type { Files } from './files.ts'

export interface Resolver {
  /**
   * Puts the values in for every `${env:NAME}` and `${file:PATH}` of a text. Paths are relative to the home folder; one line end at the end of a file
   * does not count.
   *
   * @returns the text, or why it cannot be had. `warnings` are about files that others can read.
   */
  resolve(text: string): Resolved
  /** Every value that was put in. */
  values: Set<string>
}

export type Resolved =
  | { text: string; changed: boolean; warnings: { message: string; hint: string }[]; error?: undefined }
  | { text?: undefined; error: { message: string; hint: string } }

const reference = /\$\{(\w+):([^}]*)\}/g

export function createResolver(source: {
  env: Record<string, string | undefined>
  files: Files
  home: string
}): Resolver {
  const values = new Set<string>()

  function lookUp(
    kind: string,
    name: string,
  ): { value: string; warning?: { message: string; hint: string } } | Failure {
    if (kind === 'env') {
      const value = source.env[name]
      if (value === undefined) return fail(`the environment variable ${name} is not set`, `set it, or use \${file:…}`)
      if (value === '') return fail(`the environment variable ${name} is empty`, 'give it a value')
      return { value }
    }
    if (kind !== 'file') {
      return fail(`"\${${kind}:${name}}" is neither \${env:NAME} nor \${file:PATH}`, 'write one of the two')
    }
    const path = isAbsolute(name) ? name : join(source.home, name)
    let value: string
    try {
      value = source.files
        .read(path)
        .toString('utf8')
        .replace(/\r?\n$/, '')
    } catch (error) {
      const why =
        (error as NodeJS.ErrnoException).code === 'ENOENT'
          ? 'is not there'
          : `cannot be read (${(error as Error).message})`
      return fail(`the file ${path} ${why}`, 'create it with the secret in it, readable by its owner only (chmod 600)')
    }
    if (value === '') return fail(`the file ${path} is empty`, 'write the secret into it')
    const mode = source.files.stat(path)?.mode ?? 0
    if ((mode & 0o007) === 0) return { value }
    return {
      value,
      warning: { message: `everyone on this machine can read ${path}`, hint: `chmod o-rwx ${path}` },
    }
  }

  return {
    values,
    resolve(text) {
      const warnings: { message: string; hint: string }[] = []
      let failure: Failure | undefined
      const result = text.replace(reference, (whole, kind: string, name: string) => {
        const found = lookUp(kind, name)
        if ('error' in found) {
          failure ??= found
          return whole
        }
        values.add(found.value)
        if (found.warning) warnings.push(found.warning)
        return found.value
      })
      return failure ?? { text: result, changed: result !== text, warnings }
    },
  }
}

type Failure = { error: { message: string; hint: string } }
const fail = (message: string, hint: string): Failure => ({ error: { message, hint } })

// --------------------------------------------------------------------------------------------------------------------- masking

/** Shorter ones would mask half of every text. */
const shortest = 4

/**
 * A function that replaces every secret in a text by `***`: as it is, URL-encoded, JSON-escaped (also twice, as in an answer that quotes a request), and
 * inside base64 of a longer text (such as `Authorization: Basic`), where its place decides which of three forms it has.
 *
 * @param secrets values shorter than four characters are left out; the lines of one with several lines, and what may be a credential in a URL, count by
 *   themselves, too
 */
export function maskSecrets(secrets: Iterable<string>): (text: string) => string {
  const forms = new Set<string>()
  for (const secret of secrets) {
    const lines = secret.split(/\r?\n/).filter((line) => line.length >= 12)
    for (const part of new Set([secret, secret.trim(), ...lines, ...secretsOfUrl(secret.trim())])) {
      if (part.length >= shortest) for (const form of formsOf(part)) forms.add(form)
    }
  }
  if (forms.size === 0) return (text) => text
  // Longest first: of two secrets that begin alike the longer one must not leave its end behind.
  const pattern = new RegExp(
    [...forms]
      .sort((a, b) => b.length - a.length)
      .map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
      .join('|'),
    'g',
  )
  return (text) => text.replace(pattern, '***')
}

/** What of a URL may be a credential: password, path and query, and long parts of both. Servers quote these without the host in front. */
export function secretsOfUrl(text: string): string[] {
  const url = /^https?:/i.test(text) ? URL.parse(text) : null
  if (!url) return []
  const asWritten = /^[^/]*\/\/[^/?#]*([^#]*)/.exec(text)?.[1] ?? ''
  const parts = [...url.pathname.split('/'), ...url.searchParams.values(), url.username]
  const long = [asWritten, `${url.pathname}${url.search}`, ...parts].filter((part) => part.length >= 16)
  return [url.password, ...long].flatMap((part) => [part, decoded(part)])
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // A % that encodes nothing.
    return part
  }
}

function formsOf(secret: string): string[] {
  const encoded = encodeURIComponent(secret.toWellFormed())
  const form = new URLSearchParams([['', secret]]).toString().slice(1)
  const lowerHex = (text: string) => text.replace(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase())
  const json = JSON.stringify(secret).slice(1, -1)
  return [
    secret,
    encoded,
    lowerHex(encoded),
    form,
    lowerHex(form),
    json,
    JSON.stringify(json).slice(1, -1),
    json.replaceAll('/', '\\/'),
    // As Python and others write JSON: ASCII only.
    json.replace(/[\x7f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
    ...base64Forms(secret),
  ]
}

/**
 * What of the secret's base64 is the same whatever stands around it: with 0, 1 or 2 bytes before it, the characters that only its own bits decide.
 * Cores of less than eight characters would match by accident.
 */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const cores = [0, 1, 2].map((before) => {
    const all = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    const first = Math.ceil((before * 8) / 6)
    const last = Math.floor(((before + bytes.length) * 8) / 6)
    return all.slice(first, last)
  })
  const whole = bytes.toString('base64')
  return [whole, whole.replace(/=+$/, ''), ...cores]
    .filter((form) => form.length >= 8)
    .flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')])
}
