/**
 * Checks a value against a zod schema and says what is wrong in our own words, with the place. Works on any schema, those of the definitions above
 * all: keys nobody asked for are errors, and what the schema marks with `secret: true` is never shown.
 */
import * as z from 'zod/mini'
import { didYouMean } from './nearest.ts'
import type { Problem } from './problem.ts'
import { type Path, pathText } from './settings-path.ts'

export interface Checker {
  report(severity: Problem['severity'], path: Path, message: string, hint?: string): void
  /**
   * The value as the schema gives it back; undefined after reporting everything that is wrong with it.
   *
   * @param others names that are options here too, for suggestions
   */
  parse<S extends z.ZodMiniType>(schema: S, value: unknown, path: Path, others?: string[]): z.infer<S> | undefined
}

export interface CheckerContext {
  file: string
  lineOf(path: Path): number
  problems: Problem[]
  /** Whether a secret was put in at this place. */
  isSecret(path: Path): boolean
  /** Whether a secret could not be put in at this place, or below it, which has been reported. */
  isBroken(path: Path): boolean
}

export function createChecker(context: CheckerContext): Checker {
  const { file, lineOf, problems } = context
  const report: Checker['report'] = (severity, path, message, hint) => {
    const line = lineOf(path)
    problems.push({
      severity,
      file,
      line,
      message: path.length === 0 ? message : `${pathText(path)}: ${message}`,
      hint,
    })
  }
  return {
    report,
    parse(schema, value, path, others = []) {
      const before = problems.length
      for (const { at, key, known } of unknownKeys(schema, value, [])) {
        const names = at.length === 0 ? [...others, ...known] : known
        const hint = didYouMean(key, names) ?? `known are ${names.join(', ')}`
        report('error', [...path, ...at, key], 'no such option', hint)
      }
      const result = schema.safeParse(value)
      if (!result.success) {
        for (const issue of result.error.issues) reportIssue(schema, value, path, issue)
      }
      const hasError = problems.slice(before).some(({ severity }) => severity === 'error')
      return result.success && !hasError && !context.isBroken(path) ? result.data : undefined
    },
  }

  function reportIssue(schema: z.ZodMiniType, root: unknown, base: Path, issue: z.core.$ZodIssue): void {
    const path = issue.path as Path
    if (path.length > 0 && context.isBroken([...base, ...path])) return
    const isFilled = path.some((_, i) => context.isSecret([...base, ...path.slice(0, i + 1)]))
    const { message, hint } = explain(schema, root, issue, isFilled)
    report('error', [...base, ...path], message, hint)
  }
}

/**
 * What is wrong, in our words, without the place.
 *
 * @param root the value that was checked against the schema
 * @param isSecret the value must not be shown, whatever the schema says
 */
export function explain(
  schema: z.ZodMiniType,
  root: unknown,
  issue: z.core.$ZodIssue,
  isSecret = false,
): { message: string; hint?: string } {
  let value = root
  let field: z.core.$ZodType | undefined = schema
  for (const step of issue.path as Path) {
    value = (value as Record<string | number, unknown> | undefined)?.[step]
    field = field && childOf(field, step)
    isSecret ||= field !== undefined && isSecretSchema(field)
  }
  const { message, hint } = describe(issue, value, isSecret)
  // A message with an example says enough.
  return { message, hint: hint ?? (field && !message.includes('such as') ? meta(field, 'description') : undefined) }
}

type Issue = z.core.$ZodIssue

const forms: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of options',
  record: 'a group of options',
}

function describe(issue: Issue, value: unknown, isSecret: boolean): { message: string; hint?: string } {
  const got = isSecret ? '' : ` (got ${show(value)})`
  switch (issue.code) {
    case 'invalid_type': {
      if (value === undefined) return { message: 'is missing' }
      if (value === null) return { message: 'is empty' }
      const needed = forms[issue.expected] ?? issue.expected
      return { message: `not ${needed}${got}`, hint: typeHint(issue.expected, value) }
    }
    case 'invalid_format':
      return describeFormat(issue, value, got)
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') {
        const what = issue.origin === 'string' ? 'characters' : 'entries'
        return { message: Number(issue.minimum) === 1 ? 'is empty' : `has fewer than ${issue.minimum} ${what}${got}` }
      }
      return { message: `not ${issue.inclusive === false ? 'above' : 'at least'} ${issue.minimum}${got}` }
    case 'too_big':
      if (issue.origin === 'string' || issue.origin === 'array') {
        const what = issue.origin === 'string' ? 'characters' : 'entries'
        return { message: `has more than ${issue.maximum} ${what}${got}` }
      }
      return { message: `not ${issue.inclusive === false ? 'below' : 'at most'} ${issue.maximum}${got}` }
    case 'invalid_value': {
      const choices = issue.values.map(String)
      if (value === undefined) return { message: 'is missing', hint: `one of ${choices.join(', ')}` }
      return {
        message: `not one of ${choices.join(', ')}${got}`,
        hint: typeof value === 'string' ? didYouMean(value, choices) : undefined,
      }
    }
    case 'invalid_union': {
      if (value === undefined) return { message: 'is missing' }
      // The alternative that fits best is the one whose own type is right.
      const closest = issue.errors.find(([first]) => first?.code !== 'invalid_type' || first.path.length > 0)
      if (closest?.[0] && closest[0].path.length === 0) return describe(closest[0], value, isSecret)
      if (value === null) return { message: 'is empty' }
      const types = issue.errors.flatMap(([first]) =>
        first?.code === 'invalid_type' ? [forms[first.expected] ?? first.expected] : [],
      )
      return {
        message:
          types.length > 0 ? `not ${[...new Set(types)].join(' or ')}${got}` : `not in a form that is known${got}`,
      }
    }
    default:
      return { message: issue.message === 'Invalid input' ? `not valid${got}` : lowerFirst(issue.message) }
  }
}

function describeFormat(issue: Issue & { code: 'invalid_format' }, value: unknown, got: string) {
  const text = String(value)
  if (text === '') return { message: 'is empty' }
  if (issue.message !== 'Invalid input') return { message: `${lowerFirst(issue.message)}${got}` }
  if (issue.format !== 'url') {
    return {
      message: `not ${{ email: 'an e-mail address', regex: 'of the right form' }[issue.format as string] ?? `a valid ${issue.format}`}${got}`,
    }
  }
  return {
    message: `not a URL${got}`,
    hint: /\s/.test(text)
      ? 'a URL has no blanks: delete it, or write %20'
      : /^[\w-]+(\.[\w-]+)+([:/]|$)|^localhost\b/.test(text)
        ? 'add https:// in front'
        : undefined,
  }
}

function typeHint(expected: string, value: unknown): string | undefined {
  if (expected === 'string' && /^(number|boolean)$/.test(typeof value)) return 'put it in quotes'
  if ((expected === 'number' || expected === 'int') && typeof value === 'string' && /^\d+$/.test(value)) {
    return 'write it without quotes'
  }
  if (expected === 'boolean' && typeof value === 'string') {
    if (/^(yes|on)$/i.test(value)) return 'write true'
    if (/^(no|off)$/i.test(value)) return 'write false'
  }
  if (expected === 'array' && typeof value === 'string') return `write [${value}]`
  return undefined
}

const lowerFirst = (text: string) => (/^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text)

function show(value: unknown): string {
  // A password that was put into an address is still one.
  const text = (JSON.stringify(value) ?? 'nothing').replace(/(:\/\/)[^/@\s]+@/g, '$1***@')
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

// --------------------------------------------------------------------------------------------------------- looking into schemas

type Schema = z.core.$ZodType
interface Def {
  type: string
  innerType?: Schema
  in?: Schema
  getter?: () => Schema
  shape?: Record<string, Schema>
  catchall?: Schema
  valueType?: Schema
  element?: Schema
  options?: Schema[]
}

const defOf = (schema: Schema) => schema._zod.def as unknown as Def

/** The schema without what only says that it may be missing, or is changed afterwards; and all that was taken off on the way. */
function unwrap(schema: Schema): { inner: Schema; layers: Schema[] } {
  const layers = [schema]
  let inner = schema
  for (;;) {
    const { type, innerType, in: input, getter } = defOf(inner)
    const next = type === 'pipe' ? input : type === 'lazy' ? getter?.() : innerType
    if (!next) return { inner, layers }
    inner = next
    layers.push(inner)
  }
}

function meta(schema: Schema, key: 'description'): string | undefined
function meta(schema: Schema, key: 'secret'): boolean | undefined
function meta(schema: Schema, key: string): unknown {
  for (const layer of unwrap(schema).layers) {
    const found = (z.globalRegistry.get(layer) as Record<string, unknown> | undefined)?.[key]
    if (found !== undefined) return found
  }
  return undefined
}

const isSecretSchema = (schema: Schema) => meta(schema, 'secret') === true

function childOf(schema: Schema, step: string | number): Schema | undefined {
  const { type, shape, catchall, valueType, element, options } = defOf(unwrap(schema).inner)
  if (type === 'object') return (Object.hasOwn(shape!, step) ? shape![step] : undefined) ?? catchall
  if (type === 'record') return valueType
  if (type === 'array') return element
  if (type === 'union') return options!.map((option) => childOf(option, step)).find((child) => child !== undefined)
  return undefined
}

/** Names of the options of a definition. */
export function optionNames(schema: Schema): string[] {
  return Object.keys(defOf(unwrap(schema).inner).shape ?? {})
}

function* unknownKeys(
  schema: Schema,
  value: unknown,
  at: (string | number)[],
): Generator<{ at: (string | number)[]; key: string; known: string[] }> {
  if (typeof value !== 'object' || value === null) return
  const { type, shape, catchall, valueType, element } = defOf(unwrap(schema).inner)
  if (type === 'array' && Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* unknownKeys(element!, item, [...at, i])
  } else if (type === 'record') {
    for (const [key, item] of Object.entries(value)) yield* unknownKeys(valueType!, item, [...at, key])
  } else if (type === 'object' && !Array.isArray(value)) {
    const isLoose = catchall !== undefined && defOf(catchall).type !== 'never'
    for (const [key, item] of Object.entries(value)) {
      if (Object.hasOwn(shape!, key)) yield* unknownKeys(shape![key]!, item, [...at, key])
      else if (!isLoose) yield { at, key, known: Object.keys(shape!) }
    }
  }
}

/** Adds every text at a place that the schema marks as secret. */
export function collectSecrets(schema: Schema, value: unknown, into: Set<string>): void {
  if (isSecretSchema(schema)) {
    addTexts(value, into)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const child = childOf(schema, Array.isArray(value) ? Number(key) : key)
      if (child) collectSecrets(child, item, into)
    }
  }
}

function addTexts(value: unknown, into: Set<string>): void {
  if (typeof value === 'string' || typeof value === 'number') into.add(String(value))
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) addTexts(item, into)
}
