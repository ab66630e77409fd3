/**
 * Which files make a ruleset, and their texts: by the `<ruleset>` block of ossec.conf, or by folders and files that are named on a command line.
 *
 * Wazuh sorts all files by base name in byte order, whatever their folder (config/rules-config.c: Read_Rules, 4.14.7; spec/ossec-conf.md section 6.1). A
 * list is known by the path that `<list>` uses, so that path is kept beside the place of the file.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import type { RulesetBlock } from '../config.ts'
import type { SourceFile } from '../engine/index.ts'
import { compilePattern } from '../engine/patterns/index.ts'
import { listPath } from '../engine/rules/lists.ts'
import type { Problem } from '../problem.ts'

/** A file to load: where it is, and what it is called. */
export interface RulesetFile {
  file: string
  /** What messages and `<list>` call it. */
  name: string
}

export interface RulesetFiles {
  decoders: RulesetFile[]
  rules: RulesetFile[]
  lists: RulesetFile[]
}

/** Stays out of the stock configuration, and so of every folder here, unless it is named itself. */
const leftOut = '0215-policy_rules.xml'

const defaults = { rules: 'ruleset/rules', decoders: 'ruleset/decoders' }

/**
 * The files that a Wazuh with this `<ruleset>` loads. Missing folders are passed over; a missing file is left to {@link readRulesetFiles}.
 *
 * @param home folder that relative paths begin at (`/var/ossec`)
 * @param block the merged block; without one, the two default folders
 */
export function selectByBlock(home: string, block: RulesetBlock | undefined): RulesetFiles {
  const select = (kind: 'rule' | 'decoder') => {
    const standard = kind === 'rule' ? defaults.rules : defaults.decoders
    const folders = block?.[`${kind}_dir`] ?? []
    const excluded = new Set(block?.[`${kind}_exclude`])
    const names = (block?.[`${kind}_include`] ?? []).map((name) => (name.includes('/') ? name : `${standard}/${name}`))
    for (const { path, pattern } of folders.length > 0 ? folders : [{ path: standard, pattern: '.xml$' }]) {
      const { pattern: wanted } = compilePattern('osregex', pattern)
      for (const entry of entriesOf(resolve(home, path))) {
        const name = `${path}/${entry}`
        if (excluded.has(name) || excluded.has(entry) || names.includes(name)) continue
        if (wanted?.test(Buffer.from(name).toString('latin1'))) names.push(name)
      }
    }
    return sorted(names.map((name) => ({ file: resolve(home, name), name })))
  }
  const lists = (block?.list ?? []).map(listPath).map((name) => ({ file: resolve(home, name), name }))
  return { decoders: select('decoder'), rules: select('rule'), lists }
}

/** What a command line may name. */
export interface NamedSources {
  /** Folder with `rules/`, `decoders/` and `lists/`, each of which may be missing. */
  ruleset?: string
  /** Files or folders, added to those of `ruleset`. */
  rules?: readonly string[]
  decoders?: readonly string[]
  lists?: readonly string[]
}

/** The files below what was named. A list `a/b` below a lists folder is called `etc/lists/a/b`; a list that is named itself, by its base name. */
export function selectByName({ ruleset, rules = [], decoders = [], lists = [] }: NamedSources): RulesetFiles {
  const folder = (name: string) => (ruleset !== undefined && isFolder(join(ruleset, name)) ? [join(ruleset, name)] : [])
  const xml = (paths: readonly string[]) => {
    const found = paths.flatMap((path) =>
      isFolder(path)
        ? entriesOf(path)
            .filter((entry) => entry.endsWith('.xml') && entry !== leftOut)
            .map((entry) => join(path, entry))
        : [path],
    )
    return sorted([...new Set(found)].map((file) => ({ file, name: file })))
  }
  const named = [...folder('lists'), ...lists].flatMap((path) =>
    isFolder(path)
      ? filesBelow(path).map((file) => listFile(file, relative(path, file)))
      : [listFile(path, basename(path))],
  )
  return {
    rules: xml([...folder('rules'), ...rules]),
    decoders: xml([...folder('decoders'), ...decoders]),
    lists: named,
  }
}

/** Both, sorted as Wazuh sorts; a file that both have is loaded once. */
export function mergeFiles(a: RulesetFiles, b: RulesetFiles): RulesetFiles {
  const merge = (kind: keyof RulesetFiles) => {
    const known = new Set(a[kind].map(({ file }) => resolve(file)))
    return [...a[kind], ...b[kind].filter(({ file }) => !known.has(resolve(file)))]
  }
  return { rules: sorted(merge('rules')), decoders: sorted(merge('decoders')), lists: merge('lists') }
}

const listFile = (file: string, path: string): RulesetFile => ({ file, name: `etc/lists/${path}` })

/** Reads the files. One that cannot be read is left out with a warning, as in Wazuh. */
export function readRulesetFiles(files: RulesetFiles): {
  decoders: SourceFile[]
  rules: SourceFile[]
  lists: SourceFile[]
  problems: Problem[]
} {
  const problems: Problem[] = []
  const read = (list: readonly RulesetFile[]) =>
    list.flatMap(({ file, name }): SourceFile[] => {
      try {
        return [{ path: name, text: readFileSync(file, 'latin1') }]
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        problems.push({
          severity: 'warning',
          file: name,
          line: 0,
          message: `not readable: ${reason}`,
          hint: 'create the file or make it readable, or take its name out',
          wazuh: 'warns (1103) and goes on without it',
        })
        return []
      }
    })
  return { decoders: read(files.decoders), rules: read(files.rules), lists: read(files.lists), problems }
}

/** By base name in byte order; files of the same base name stay in the order in which they were found. */
function sorted(files: RulesetFile[]): RulesetFile[] {
  return files
    .map((file) => ({ file, key: Buffer.from(basename(file.name)) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ file }) => file)
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    // As in Wazuh, a folder that is not there holds nothing.
    return []
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** Text lists only: what Wazuh compiles from them, and hidden files, stay out. */
function filesBelow(folder: string): string[] {
  return entriesOf(folder)
    .filter((entry) => !entry.startsWith('.') && !entry.endsWith('.cdb'))
    .flatMap((entry) => {
      const path = join(folder, entry)
      return isFolder(path) ? filesBelow(path) : [path]
    })
}
