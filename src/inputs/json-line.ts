/**
 * One line of a `json` localfile as logcollector sends it on: parsed by cJSON, labels added, printed again (read_json.c and W_JSON_AddField, 4.14;
 * spec/wodle-command.md B2). All text is byte strings.
 */
import { reprint } from '../wazuh/cjson-reprint.ts'

const stringOrRest = /"(?:[^"\\]|\\.)*"|[^"]+/gs

/**
 * @returns the object as compact JSON; undefined when the line does not begin with a JSON object. What follows the object is dropped, and raw control
 *   characters are taken, as cJSON does.
 */
export function readJsonLine(line: string): string | undefined {
  const text = line.startsWith('\xef\xbb\xbf') ? line.slice(3) : line
  if (isObject(text)) return reprint(text)
  const lenient = escapeControls(firstObject(text))
  return lenient !== '' && isObject(lenient) ? reprint(lenient) : undefined
}

function isObject(text: string): boolean {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** From the first brace to the one that closes it; empty when there is none. */
function firstObject(text: string): string {
  if (!/^[\0- ]*\{/.test(text)) return ''
  let depth = 0
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    if (token === '{') depth++
    else if (token === '}' && --depth === 0) return text.slice(0, index + 1)
  }
  return ''
}

function escapeControls(text: string): string {
  if (!/[\0-\x1f]/.test(text)) return text
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  return text.replace(stringOrRest, (token) =>
    token.startsWith('"') ? token.replace(/[\0-\x1f]/g, escaped) : token.replace(/[\0-\x1f]/g, ' '),
  )
}

/**
 * Adds members to a compact object. A dotted key nests; a name that is there already (in any case) wins, unless both are objects. A value that is a JSON
 * array becomes one, all others are strings.
 */
export function addLabels(object: string, labels: readonly { key: string; value: string }[]): string {
  return labels.reduce((text, { key, value }) => addMember(text, key, labelValue(value)), object)
}

function labelValue(value: string): string {
  if (value.startsWith('['))
    try {
      JSON.parse(value)
      return reprint(value)
    } catch {
      // Only looks like one.
    }
  return JSON.stringify(value)
}

function addMember(object: string, key: string, value: string): string {
  const dot = key.indexOf('.')
  const name = dot === -1 ? key : key.slice(0, dot)
  const rest = dot === -1 ? undefined : key.slice(dot + 1)
  const found = findMember(object, name)
  if (found) {
    const inner = object.slice(found.from, found.to)
    if (rest === undefined || !inner.startsWith('{')) return object
    return object.slice(0, found.from) + addMember(inner, rest, value) + object.slice(found.to)
  }
  const member = `${JSON.stringify(name)}:${rest === undefined ? value : addMember('{}', rest, value)}`
  return `${object.slice(0, -1)}${object === '{}' ? '' : ','}${member}}`
}

/** Where the value of a member stands in a compact object. */
function findMember(object: string, name: string): { from: number; to: number } | undefined {
  const token = /"(?:[^"\\]|\\.)*"|[^"]/gs
  const lower = name.toLowerCase()
  let depth = 0
  let from = -1
  let isKey = false
  for (const { 0: text, index } of object.matchAll(token)) {
    if (depth === 1 && (text === ',' || text === '}') && from !== -1) return { from, to: index }
    if (depth === 1 && text === ':' && isKey) from = index + 1
    if (text === '{' || text === '[') depth++
    else if (text === '}' || text === ']') depth--
    isKey = depth === 1 && text.startsWith('"') && text.slice(1, -1).toLowerCase() === lower
  }
  return undefined
}
