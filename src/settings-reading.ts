import type { Resolver } from './secrets.ts'
import type { Checker } from './settings-check.ts'
import { type Path, pathText } from './settings-path.ts'

/** outrider.yaml while it is read, and where to say what is wrong with it. */
export interface Reading extends Checker {
  /** As it is shown in messages. */
  file: string
  /** The home folder; absolute. */
  home: string
  lineOf(path: Path): number
  /** What must never be shown. */
  secrets: Set<string>
  /** The entries of a section that is a map of names to options; anything else is reported. */
  entries(section: string): [name: string, raw: Record<string, unknown>][]
}

export function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The entries of a section that is a map of names to options; anything else is reported. */
export function entriesOf(
  section: string,
  found: unknown,
  report: Checker['report'],
): [string, Record<string, unknown>][] {
  if (found === undefined || found === null) return []
  if (!isGroup(found)) {
    report('error', [section], 'not a group of entries', 'write a name for each, and its options below the name')
    return []
  }
  return Object.entries(found).filter((entry): entry is [string, Record<string, unknown>] => {
    const [name, raw] = entry
    if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) {
      report(
        'error',
        [section, name],
        'not a name',
        'use letters, digits, ".", "-" and "_", with a letter or digit first',
      )
      return false
    }
    if (!isGroup(raw)) report('error', [section, name], 'has no options', 'write its options below it, indented')
    return isGroup(raw)
  })
}

/** Options that are known here, and the rest, which belong to the definition. */
export function split(
  raw: Record<string, unknown>,
  names: string[],
): Record<'known' | 'rest', Record<string, unknown>> {
  const entries = Object.entries(raw)
  return {
    known: Object.fromEntries(entries.filter(([name]) => names.includes(name))),
    rest: Object.fromEntries(entries.filter(([name]) => !names.includes(name))),
  }
}

/** Finds a definition by its name, loading it when first asked for. */
export interface Load<T> {
  (name: string): Promise<T | undefined>
  names: string[]
}

export function loader<T>(index: Record<string, () => Promise<{ default: T }>>): Load<T> {
  const load = async (name: string) => (Object.hasOwn(index, name) ? (await index[name]!()).default : undefined)
  return Object.assign(load, { names: Object.keys(index) })
}

// ------------------------------------------------------------------------------------------------------------------ references

/** Where secrets were put in, and where that failed; by the text of the path. */
export interface References {
  filled: Set<string>
  failed: { path: Path; message: string; hint: string }[]
  warnings: { path: Path; message: string; hint: string }[]
}

/** Puts secrets in for the references in all texts of a value, in place. */
export function fillReferences(value: Record<string, unknown>, resolver: Resolver): References {
  const references: References = { filled: new Set(), failed: [], warnings: [] }
  fillIn(value, [], resolver, references)
  return references
}

function fillIn(parent: unknown, path: Path, resolver: Resolver, references: References): void {
  if (typeof parent !== 'object' || parent === null) return
  const holder = parent as Record<string | number, unknown>
  for (const key of Array.isArray(parent) ? parent.keys() : Object.keys(parent)) {
    const at = [...path, key]
    const value = holder[key]
    if (typeof value !== 'string') {
      fillIn(value, at, resolver, references)
      continue
    }
    const resolved = resolver.resolve(value)
    if (resolved.error) {
      references.failed.push({ path: at, ...resolved.error })
      continue
    }
    holder[key] = resolved.text
    if (resolved.changed) references.filled.add(pathText(at))
    references.warnings.push(...resolved.warnings.map((warning) => ({ path: at, ...warning })))
  }
}

/** Whether a reference at this place, or below it, could not be filled in. */
export function hasFailed(references: References, path: Path): boolean {
  return references.failed.some(({ path: failed }) => path.every((step, i) => String(failed[i]) === String(step)))
}
