/** The options of a built script: from the file NAME.json beside it and from what it was started with, checked with the definition's own schema. */
import { readFileSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type * as z from 'zod/mini'
import { didYouMean } from '../nearest.ts'
import { collectSecrets, explain, optionNames } from '../settings-check.ts'

export interface OptionSource {
  /** In words, for messages: a path, or `hook_url`. */
  name: string
  values: Record<string, unknown>
}

export interface GivenOptions {
  options?: Record<string, unknown>
  /** One line, with how to mend it; undefined when all is well. */
  problem?: string
  /** Every value that must not be shown, known also when something is wrong. */
  secrets: Set<string>
}

/** What is given later wins. */
export function checkOptions(schema: z.ZodMiniType, sources: readonly OptionSource[], home: string): GivenOptions {
  const values = Object.assign({}, ...sources.map((source) => source.values)) as Record<string, unknown>
  const secrets = new Set<string>()
  collectSecrets(schema, values, secrets)
  const names = optionNames(schema)
  for (const { name, values } of sources) {
    const unknown = Object.keys(values).find((key) => !names.includes(key))
    if (unknown !== undefined) {
      const hint = didYouMean(unknown, names) ?? (names.length > 0 ? `known are ${names.join(', ')}` : 'it has none')
      return { problem: `${name}: there is no option "${unknown}" (${hint})`, secrets }
    }
  }
  const result = schema.safeParse(values)
  if (result.success) {
    const options = result.data as Record<string, unknown>
    const { ca_file } = options
    // A path in an option is meant from the home folder, as in outrider.yaml.
    if (typeof ca_file === 'string' && !isAbsolute(ca_file)) options.ca_file = join(home, ca_file)
    return { options, secrets }
  }
  const issues = result.error.issues.map((issue) => {
    const { message, hint } = explain(schema, values, issue)
    const place = issue.path.join('.')
    return `${place === '' ? '' : `option ${place}: `}${message}${hint ? ` (${hint})` : ''}`
  })
  return { problem: issues.join('; '), secrets }
}

/**
 * The JSON object of an options file; empty when there is no such file.
 *
 * @param isTrusted it decides what is done with this script's rights, so nobody but its owner may write it
 * @throws Error that says what is wrong with the file and how to mend it
 */
export function readOptionsFile(path: string, isTrusted: boolean): OptionSource {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
    if (isTrusted && (statSync(path).mode & 0o022) !== 0)
      throw new Error('others than its owner may write it; mend it with: chmod 640')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { name: path, values: {} }
    throw new Error(`options file ${path}: ${code === 'EACCES' ? 'permission denied' : message}`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    // The engine's message quotes the text, and with it secrets; only the place is taken from it.
    const place = /at position \d+(?: \(.*\))?/.exec((error as Error).message)?.[0] ?? ''
    throw new Error(`options file ${path}: not JSON ${place}`.trimEnd())
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`options file ${path}: not a JSON object; write {"name": "value"}`)
  return { name: path, values: value as Record<string, unknown> }
}
