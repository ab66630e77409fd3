/** Reading what begins with a parenthesis: groups, look-arounds, conditions, calls, options. */
import type { Condition, Look, Node } from './ast.ts'
import type { Options } from './escapes.ts'
import type { Reader } from './reader.ts'
import type { References } from './references.ts'

/** What the readers of a pattern share. */
export interface ParseState {
  reader: Reader
  references: References
  /** How many look-arounds are open. */
  lookDepth: number
  /** Whether an empty match is none. */
  refusesEmpty: boolean
  /** Reads the alternatives up to a closing parenthesis, which is left. `resets`: each begins with the same group number. */
  readBranches(options: Options, resets?: boolean): Node[]
}

export function choiceOf(branches: Node[]): Node {
  return branches.length === 1 ? branches[0]! : { kind: 'choice', branches }
}

/** Reads a group; its opening parenthesis is taken. Undefined for what leaves nothing behind, such as `(?i)`. */
export function readGroup(state: ParseState, options: Options): Node | undefined {
  const { reader, references } = state
  if (reader.take('*')) return readVerb(state, options)
  if (!reader.take('?')) return options.noAutoCapture ? readInside(state, options) : readCapture(state, options)
  if (reader.take(':')) return readInside(state, options)
  if (reader.take('|')) return readInside(state, options, true)
  if (reader.take('>')) return { kind: 'atomic', body: readInside(state, options) }
  if (reader.take('=')) return readLook(state, options, false, false)
  if (reader.take('!')) return readLook(state, options, false, true)
  if (reader.take('<=')) return readLook(state, options, true, false)
  if (reader.take('<!')) return readLook(state, options, true, true)
  if (reader.startsWith('*') || reader.startsWith('<*')) reader.fail('non-atomic look-arounds are not supported')
  for (const [open, close] of [
    ['P<', '>'],
    ['<', '>'],
    ["'", "'"],
  ] as const) {
    if (!reader.take(open)) continue
    references.defineName(close, options.duplicateNames)
    return readCapture(state, options)
  }
  if (reader.take('P=')) return references.backReferenceByName(references.readName(')'), options.caseless)
  if (reader.take('P>') || reader.take('&')) return references.callByName(references.readName(')'))
  if (reader.take('R)')) return references.callByNumber(0)
  const number = references.readNumber(')')
  if (number !== undefined) return references.callByNumber(number)
  if (reader.take('(')) return readCondition(state, options)
  if (reader.take('C')) return readCallout(reader)
  return readOptions(state, options)
}

function readInsideBranches(state: ParseState, options: Options, resets = false): Node[] {
  const branches = state.readBranches({ ...options }, resets)
  if (!state.reader.take(')')) state.reader.fail('missing closing parenthesis')
  return branches
}

function readInside(state: ParseState, options: Options, resets = false): Node {
  return choiceOf(readInsideBranches(state, options, resets))
}

function readCapture(state: ParseState, options: Options): Node {
  const group = ++state.references.groups
  return { kind: 'capture', group, body: readInside(state, options) }
}

function readLook(state: ParseState, options: Options, behind: boolean, negative: boolean): Look {
  state.lookDepth++
  // The branches of a look-behind may differ in length, those of a group in it may not: so it keeps its own choice.
  const branches = readInsideBranches(state, options)
  state.lookDepth--
  return { kind: 'look', behind, negative, body: behind ? { kind: 'choice', branches } : choiceOf(branches) }
}

const namedGroups: Record<string, [behind: boolean, negative: boolean] | 'atomic'> = {
  pla: [false, false],
  positive_lookahead: [false, false],
  nla: [false, true],
  negative_lookahead: [false, true],
  plb: [true, false],
  positive_lookbehind: [true, false],
  nlb: [true, true],
  negative_lookbehind: [true, true],
  atomic: 'atomic',
}

/** `(*FAIL)`, and the groups that have names; `(*` is taken. */
function readVerb(state: ParseState, options: Options): Node {
  const { reader } = state
  if (reader.take('FAIL)') || reader.take('F)')) return { kind: 'fail' }
  const found = reader.takeMatch(/(\w*)([:)=])/y)
  if (!found) return reader.fail('(*VERB) not recognized or malformed')
  const group = found[2] === ':' ? namedGroups[found[1]!] : undefined
  if (group === 'atomic') return { kind: 'atomic', body: readInside(state, options) }
  if (group) return readLook(state, options, ...group)
  return reader.fail(`(*${found[1]}) is not supported here`)
}

/** `(?(…)yes|no)`; the second parenthesis is taken. */
function readCondition(state: ParseState, options: Options): Node {
  const { reader } = state
  const isDefinition = reader.take('DEFINE)')
  const test: Condition = isDefinition ? { kind: 'constant', value: false } : readTest(state, options)
  const [yes, no, ...more] = readInsideBranches(state, options)
  if (isDefinition && no) reader.fail('DEFINE has more than one branch')
  if (more.length > 0) reader.fail('a condition has more than two branches')
  return { kind: 'condition', test, yes: yes!, ...(no && { no }) }
}

function readTest(state: ParseState, options: Options): Condition {
  const { reader, references } = state
  if (reader.startsWith('?') || reader.startsWith('*')) {
    const look = readGroup(state, { ...options })
    if (look?.kind !== 'look') return reader.fail('assertion expected after (?(')
    return { kind: 'look', look }
  }
  const version = reader.takeMatch(/VERSION(>?)=(\d+)(?:\.(\d\d?))?\)/y)
  if (version) {
    const asked = Number(version[2]) * 100 + Number((version[3] ?? '').padEnd(2, '0'))
    return { kind: 'constant', value: version[1] === '>' ? asked <= 1042 : asked === 1042 }
  }
  if (reader.take('R)')) return { kind: 'called', groups: [-1] }
  const called = reader.takeMatch(/R(\d+)\)/y)
  if (called) return references.conditionOn('called', Number(called[1]))
  if (reader.take('R&')) return references.conditionOnName('called', references.readName(')'))
  const number = references.readNumber(')')
  if (number !== undefined) return references.conditionOn('groups', number)
  for (const [open, close] of [
    ['<', '>)'],
    ["'", "')"],
  ] as const) {
    if (reader.take(open)) return references.conditionOnName('groups', references.readName(close))
  }
  return references.conditionOnName('groups', references.readName(')'))
}

/** Callouts call nobody here, as in the original. */
function readCallout(reader: Reader): undefined {
  const number = reader.takeMatch(/(\d*)\)/y)
  if (number) {
    if (Number(number[1]) > 255) reader.fail('number after (?C is greater than 255')
    return undefined
  }
  const text = reader.takeMatch(/(?:([`'"^%#$])(?:(?!\1).|\1\1)*\1|\{(?:[^}]|\}\})*\})\)/sy)
  if (!text) reader.fail('syntax error or number too big in callout')
  return undefined
}

/** `(?im-s)` and `(?im-s:…)`; `(?` is taken. */
function readOptions(state: ParseState, options: Options): Node | undefined {
  const { reader } = state
  const found = reader.takeMatch(/(\^?)([imsxnJU]*)(?:(-)([imsxnJU]*))?([:)])/y)
  if (!found) return reader.fail('unrecognized character after (? or (?-')
  const [, reset, on, hyphen, off = '', end] = found
  if (reset && hyphen) reader.fail('invalid hyphen in option setting')
  const changed: Options = { ...options }
  if (reset) setOptions(changed, 'imsxn', false)
  setOptions(changed, on!, true)
  setOptions(changed, off, false)
  if (end === ':') return readInside(state, changed)
  Object.assign(options, changed)
  return undefined
}

function setOptions(options: Options, letters: string, value: boolean): void {
  for (const letter of letters) {
    if (letter === 'i') options.caseless = value
    else if (letter === 'm') options.multiline = value
    else if (letter === 's') options.dotAll = value
    else if (letter === 'n') options.noAutoCapture = value
    else if (letter === 'J') options.duplicateNames = value
    else if (letter === 'U') options.ungreedy = value
    else {
      options.extended = value
      options.extendedMore = value && letters.includes('xx')
    }
  }
}
