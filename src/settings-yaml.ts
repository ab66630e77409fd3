/** outrider.yaml as a value, with the line of everything in it. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit, type YAMLError } from 'yaml'
import type { Problem } from './problem.ts'
import type { Path } from './settings-path.ts'

export interface YamlFile {
  /** Plain data; undefined when the text is not YAML. */
  value: unknown
  /** Line of a key, or of the nearest thing around it. The first line is 1. */
  lineOf(path: Path): number
  /** Syntax errors and keys that stand twice (the first one counts). */
  problems: Problem[]
}

const hints: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'indent with blanks, not with tabs',
  BAD_INDENT: 'indent everything that belongs together by the same number of blanks',
  BAD_SCALAR_START: 'put the value in quotes',
  MULTILINE_IMPLICIT_KEY: 'is a colon, or the blank behind one, missing?',
  MISSING_CHAR: 'is a colon, a quote or a bracket missing?',
  BLOCK_AS_IMPLICIT_KEY: 'put the value in quotes: it holds a colon and a blank',
  UNEXPECTED_TOKEN: 'put values that hold { } [ ] , # or : in quotes',
  BAD_DQ_ESCAPE: 'write \\\\ for a backslash, or use single quotes',
  BAD_ALIAS: 'put the value in quotes: a * at the start means something else',
  MULTIPLE_DOCS: 'delete the line with ---',
  TAG_RESOLVE_FAILED: 'put the value in quotes: a ! at the start means something else',
}

export function readYaml(file: string, text: string): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, merge: true, prettyErrors: false })
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    severity: document.errors.includes(error as YAMLError & { name: 'YAMLParseError' }) ? 'error' : 'warning',
    file,
    line: lines.linePos(error.pos[0]).line,
    message: `${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`.replace(/[.\s]+$/, ''),
    hint: hints[error.code],
  }))

  visit(document, {
    Map(_, map) {
      const seen = new Map<unknown, number>()
      map.items = map.items.filter(({ key }) => {
        if (!isScalar(key) || key.value === '<<') return true
        const line = lineAt(key)
        const first = seen.get(key.value)
        if (first === undefined) {
          seen.set(key.value, line)
          return true
        }
        problems.push({
          severity: 'error',
          file,
          line,
          message: `"${key.value}" stands here again, the one on line ${first} is used`,
          hint: 'delete one of the two, or give it another name',
        })
        return false
      })
    },
  })

  function lineAt(node: Node | null | undefined): number {
    return node?.range ? lines.linePos(node.range[0]).line : 0
  }

  function lineOf(path: Path): number {
    let node: Node | null | undefined = document.contents
    let line = lineAt(node) || 1
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(document)
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
        if (!pair) return line
        line = lineAt(pair.key as Node) || line
        node = pair.value as Node | null
      } else if (isSeq(node)) {
        node = node.items[Number(step)] as Node | undefined
        line = lineAt(node) || line
      } else return line
    }
    return line
  }

  return { value: plainValue(), lineOf, problems }

  function plainValue(): unknown {
    if (document.errors.length > 0) return undefined
    try {
      return document.toJS()
    } catch (error) {
      // Aliases that would make it endless, or that mean nothing.
      problems.push({ severity: 'error', file, line: 0, message: (error as Error).message })
      return undefined
    }
  }
}
