/** CDB lists: their text form, and the six ways in which `<list>` looks things up. lists_make.c, lists_list.c, 4.14.7. */
import type { EngineEvent, StaticName } from '../event.ts'
import { Static } from '../event.ts'
import type { SourceFile } from '../index.ts'
import type { Pattern } from '../patterns/index.ts'

/** A list by the names that `<list>` may use for it. */
export interface CdbList {
  path: string
  entries: ReadonlyMap<string, string>
}

export const lookups = [
  'match_key',
  'not_match_key',
  'match_key_value',
  'address_match_key',
  'not_address_match_key',
  'address_match_key_value',
] as const
export type Lookup = (typeof lookups)[number]

/** Names of `field=` that mean a static text of the event; any other is a dynamic field. */
export const listFields = [
  'srcip',
  'srcport',
  'dstip',
  'dstport',
  'user',
  'url',
  'id',
  'hostname',
  'program_name',
  'status',
  'action',
  'protocol',
  'system_name',
  'data',
  'extra_data',
] as const
export type ListField = (typeof listFields)[number]

export interface ListLookup {
  list: CdbList
  lookup: Lookup
  /** Static name, or undefined for a dynamic field. */
  field?: ListField
  dynamic?: string
  /** Without one, no value matches. */
  check_value?: Pattern
}

/** Path of a list as the engine knows it: a name without folder means `ruleset/rules/`, and everything from `.cdb` on is cut off. */
export function listPath(written: string): string {
  const path = written.includes('/') ? written : `ruleset/rules/${written}`
  const cdb = path.indexOf('.cdb')
  return cdb === -1 ? path : path.slice(0, cdb)
}

/** Lists by the two names that find them. */
export function loadLists(files: readonly SourceFile[]): Map<string, CdbList> {
  const lists = new Map<string, CdbList>()
  for (const { path, text } of files) {
    const list = { path: listPath(path), entries: parseList(text) }
    for (const name of [list.path, `${list.path}.cdb`]) if (!lists.has(name)) lists.set(name, list)
  }
  return lists
}

/** The longest line that is read in one piece; a longer one goes on as the next line. shared.h: OS_MAXSTR. */
const maxLine = 65_536 - 2

/** Entries of a list file; of equal keys the first counts. */
function parseList(text: string): Map<string, string> {
  const entries = new Map<string, string>()
  for (const line of text.split('\n')) {
    for (let at = 0; at === 0 || at < line.length; at += maxLine) {
      const entry = parseEntry(line.slice(at, at + maxLine))
      if (entry && !entries.has(entry[0])) entries.set(...entry)
    }
  }
  return entries
}

function parseEntry(written: string): [key: string, value: string] | undefined {
  const line = written.replace(/[\r\0][\s\S]*$/, '')
  let key: string | undefined
  let from = 0
  const quote = line.indexOf('"')
  const colon = line.indexOf(':')
  if (quote !== -1 && colon > quote) {
    const end = line.indexOf('"', quote + 1)
    if (end === -1) return undefined
    key = line.slice(quote + 1, end)
    from = end + 1
  }
  const split = line.indexOf(':', from)
  if (split === -1) return undefined
  key ??= line.slice(0, split)
  const value = line.slice(split + 1)
  const open = value.indexOf('"')
  if (open === -1) return [key, value]
  const close = value.indexOf('"', open + 1)
  return close === -1 ? undefined : [key, value.slice(open + 1, close)]
}

/** The text that a `<list>` looks up; undefined fails the rule, also for `not_…`. */
function subject(event: EngineEvent, { field, dynamic }: ListLookup): string | undefined {
  if (field === undefined) return event.dynamic(dynamic!)
  if (field === 'hostname') return event.hostname
  if (field === 'program_name') return event.program_name
  // The opposite order of `<user>`.
  if (field === 'user') return event.statics[Static.srcuser] ?? event.statics[Static.dstuser]
  return event.statics[Static[field as StaticName]]
}

/** Whether an event passes a `<list>`. */
export function passesList(event: EngineEvent, lookup: ListLookup): boolean {
  const key = subject(event, lookup)
  if (key === undefined) return false
  const { entries } = lookup.list
  switch (lookup.lookup) {
    case 'match_key':
      return entries.has(key)
    case 'not_match_key':
      return !entries.has(key)
    case 'match_key_value': {
      const value = entries.get(key)
      return value !== undefined && (lookup.check_value?.test(value) ?? false)
    }
    case 'address_match_key':
      return addressKey(entries, key) !== undefined
    case 'not_address_match_key':
      return addressKey(entries, key) === undefined
    case 'address_match_key_value': {
      // Inverted in the original: true when the value does not match, or when there is none.
      const found = addressKey(entries, key)
      return found === undefined || !lookup.check_value?.test(entries.get(found)!)
    }
  }
}

/** The value itself, or its longest beginning that ends in a dot, when that is a key. */
function addressKey(entries: ReadonlyMap<string, string>, key: string): string | undefined {
  if (entries.has(key)) return key
  for (let end = key.lastIndexOf('.'); end !== -1; end = end === 0 ? -1 : key.lastIndexOf('.', end - 1)) {
    const prefix = key.slice(0, end + 1)
    if (entries.has(prefix)) return prefix
  }
  return undefined
}
