import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { Files } from '../src/files.ts'
import { definitions } from '../src/runners/definitions.ts'
import { loadConfig } from '../src/settings.ts'
import { type Kind, referenceName, secretNames } from './docs/options.ts'
import { docsFolder, makeDocs, outdated, stale } from './make-docs.ts'

const pages = await makeDocs()

test('the reference pages are current', () => {
  assert.deepEqual(outdated(pages), [], 'these are not: run node scripts/make-docs.ts')
  assert.deepEqual(stale(pages), [], 'nothing makes these any more: run node scripts/make-docs.ts')
})

test('examples are read without a problem', async () => {
  const env = await secretsOfExamples()
  const wrong: string[] = []
  for (const [path, text] of pages) {
    const examples = (language: string) =>
      [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, example]) => example).join('')
    const given: Record<string, string> = {
      '/outrider-home/outrider.yaml': examples('yaml'),
      '/outrider-home/etc/ossec.conf': `<ossec_config>\n${examples('xml')}</ossec_config>\n`,
    }
    const files: Files = {
      read: (name) => Buffer.from(given[name] ?? missing(name)),
      stat: (name) => (given[name] === undefined ? undefined : { mode: 0o640, isFile: true }),
    }
    const config = await loadConfig({ home: '/outrider-home', definitions, env, files })
    for (const { message } of config.problems) wrong.push(`${path}: ${message}`)
  }
  assert.deepEqual(wrong, [])
})

/** What the references in examples stand for. */
async function secretsOfExamples(): Promise<Record<string, string>> {
  const env: Record<string, string> = {}
  for (const index of Object.values(definitions) as Record<string, () => Promise<{ default: Kind }>>[]) {
    for (const load of Object.values(index)) {
      const { default: kind } = await load()
      for (const option of secretNames(kind.options)) {
        const value = kind.example[option]
        if (typeof value === 'string') env[referenceName(kind.name, option)] = value
      }
    }
  }
  return env
}

function missing(name: string): never {
  throw Object.assign(new Error(`ENOENT: ${name}`), { code: 'ENOENT' })
}

test('links between documents lead to files and headings that are there', () => {
  const files = readdirSync(docsFolder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  const broken: string[] = []
  for (const name of ['../README.md', ...files]) {
    const file = join(docsFolder, name)
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)) {
      if (target === undefined || /^[a-z]+:/.test(target)) continue
      const [path = '', heading] = target.split('#')
      const other = path === '' ? file : join(dirname(file), path)
      if (!existsSync(other)) broken.push(`${name}: ${target}`)
      else if (heading !== undefined && !headings(other).includes(heading)) broken.push(`${name}: ${target}`)
    }
  }
  assert.deepEqual(broken, [])
})

/** The anchors that hosts of Markdown make of headings. */
function headings(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}
