/**
 * Wazuh's own test suites (`ruleset/testing/tests/*.ini`), read as its runner reads them: Python's RawConfigParser over lists, so a key that is written
 * several times in a section, or in two sections of the same name, is one value of several lines, and each line is one event of the same session.
 */
import { toBytes } from '../alert.ts'
import { defaultStart, type TestCase } from './case.ts'

interface Entry {
  line: number
  values: string[]
}

/** @param text of the file; events are in it as UTF-8 text */
export function parseIni(file: string, text: string): TestCase[] {
  const cases: TestCase[] = []
  for (const [section, entries] of readSections(text)) {
    const value = (key: string) => entries.get(key)?.values.join('\n') ?? ''
    for (const [key, entry] of entries) {
      if (!key.startsWith('log')) continue
      const logs = entry.values.flatMap((part) => part.split('\n')).filter((log) => log !== '')
      if (logs.length === 0) continue
      const steps = logs.map((log) => ({ log: toBytes(log), location: 'stdin', at: defaultStart }))
      const expect = {
        kind: 'triple' as const,
        rule: value('rule'),
        level: value('alert'),
        decoder: value('decoder'),
        verdict: key.endsWith('fail') ? ('fail' as const) : ('pass' as const),
      }
      cases.push({
        file,
        line: entry.line,
        name: `${section}: ${key}`,
        steps: steps.map((step, i) => (i === steps.length - 1 ? { ...step, expect } : step)),
      })
    }
  }
  return cases
}

function readSections(text: string): Map<string, Map<string, Entry>> {
  const sections = new Map<string, Map<string, Entry>>()
  let section: Map<string, Entry> | undefined
  let entry: Entry | undefined
  text.split(/\r?\n/).forEach((raw, index) => {
    const trimmed = raw.trim()
    if (/^\s*[;#]/.test(raw)) return
    if (entry && trimmed !== '' && /^\s/.test(raw)) {
      entry.values[entry.values.length - 1] += `\n${trimmed}`
      return
    }
    if (trimmed === '') return
    const header = /^\[(.+)\]/.exec(trimmed)
    if (header) {
      section = sections.get(header[1]!) ?? new Map()
      sections.set(header[1]!, section)
      entry = undefined
      return
    }
    const option = /^(.*?)\s*[=:]\s*(.*)$/.exec(trimmed)
    if (!section || !option) return
    const key = option[1]!.toLowerCase()
    entry = section.get(key) ?? { line: index + 1, values: [] }
    entry.values.push(option[2]!)
    section.set(key, entry)
  })
  return sections
}
