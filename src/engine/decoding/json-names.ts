/**
 * Dotted names of JSON fields, each made once and then found again member by member: joining and hashing them anew for every event costs more
 * than reading the text. Mostly not even the member is looked up: what came after a name the last time comes again, and is only compared.
 * Names come from outside, so when there are too many all are forgotten, and a long one counts as several.
 */
import { flat } from '../../byte-text.ts'

import type { Shape } from '../shape.ts'

const maxNames = 20_000

/** Fields of a whole text, and what they come to. */
export interface JsonPlan {
  readonly names: readonly JsonName[]
  readonly shape: Shape
  /** For each name the static field that it is, or a negative number. Undefined: all are dynamic. */
  readonly targets: readonly number[] | undefined
}

export class JsonName {
  /** With the names of the objects around. */
  readonly full: string
  /** Objects around: 1 at top level, 0 for the top itself. */
  readonly depth: number
  /** As it stands in the text; undefined when there are several ways to write it. */
  readonly quoted: string | undefined
  /** The member that this object began with the last time. */
  first: JsonName | undefined = undefined
  /** The member that came after this one the last time. */
  next: JsonName | undefined = undefined
  /** What the decoder makes of a value of this name, once it has looked. */
  target: number | undefined = undefined
  /** Of the last text that this name stood last in. A source has few forms of events, and so there is nothing to do but to see that it is the same. */
  plan: JsonPlan | undefined = undefined
  /** Most names are leaves. */
  private members: Map<string, JsonName> | undefined = undefined

  constructor(full: string, depth: number, own: string) {
    this.full = full
    this.depth = depth
    this.quoted = own.includes('"') || own.includes('\\') ? undefined : `"${own}"`
  }

  member(name: string): JsonName {
    return this.members?.get(name) ?? this.added(name)
  }

  private added(name: string): JsonName {
    const full = this.depth === 0 ? name : `${this.full}.${name}`
    count += 1 + (full.length >> 6)
    const own = flat(name)
    const member = new JsonName(this.depth === 0 ? own : flat(full), this.depth + 1, own)
    this.members ??= new Map()
    this.members.set(own, member)
    return member
  }
}

let count = 0
let top = new JsonName('', 0, '')

/** The name that all others begin at; to be asked for once per text. */
export function topName(): JsonName {
  if (count > maxNames) {
    count = 0
    top = new JsonName('', 0, '')
  }
  return top
}
