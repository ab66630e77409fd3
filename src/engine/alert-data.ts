/** `data` of an alert: static fields, then dynamic ones whose dotted names nest. string_op.c: W_JSON_AddField, 4.14.7; spec/alerts.md section 2.5. */
import { compactArray, printedString } from './decoding/json.ts'
import { type EngineEvent, staticNames } from './event.ts'

/** A member of an object: `children` for an object, else the printed value, and `text` when that is a string. */
export interface DataMember {
  name: string
  children?: DataMember[]
  printed?: string
  text?: string
}

/** Names are found whatever their case, and the first one counts. */
export function findMember(members: readonly DataMember[], name: string): DataMember | undefined {
  const wanted = name.toLowerCase()
  return members.find((member) => member.name.toLowerCase() === wanted)
}

export function buildData(event: EngineEvent): DataMember[] {
  const members: DataMember[] = []
  for (const [index, name] of staticNames.entries()) {
    const value = event.statics[index]
    if (value !== undefined && !name.endsWith('geoip')) members.push(textMember(name, value))
  }
  if (!event.decoder) return members
  for (const [i, name] of event.names.entries()) {
    const value = event.values[i]
    if (value !== undefined && value !== '') addField(members, name, (last) => valueMember(last, value))
  }
  return members
}

/**
 * Puts a field where its dotted name says. A name that is taken, or that leads through something that is no object, is dropped.
 *
 * @param leaf makes the member for the last part of the name
 */
export function addField(members: DataMember[], name: string, leaf: (name: string) => DataMember): void {
  const dot = name.indexOf('.')
  if (dot === -1) {
    if (!findMember(members, name)) members.push(leaf(name))
    return
  }
  const first = name.slice(0, dot)
  let holder = findMember(members, first)
  if (!holder) {
    holder = { name: first, children: [] }
    members.push(holder)
  }
  if (holder.children) addField(holder.children, name.slice(dot + 1), leaf)
}

/** A value that is a whole JSON array is put in as one; everything else is a string. */
function valueMember(name: string, value: string): DataMember {
  const array = value.startsWith('[') ? compactArray(value) : undefined
  return array === undefined ? textMember(name, value) : { name, printed: array }
}

const textMember = (name: string, text: string): DataMember => ({ name, printed: printedString(text), text })

export function printData(members: readonly DataMember[]): string {
  return `{${members
    .map(({ name, children, printed }) => `${printedString(name)}:${children ? printData(children) : printed}`)
    .join(',')}}`
}
