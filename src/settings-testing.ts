/** A small registry of definitions and a file system in memory, for tests of the settings. */
import assert from 'node:assert/strict'
import * as z from 'zod/mini'
import type { Config } from './config.ts'
import { defineIntegration, defineLookup, defineReceiver, defineResponse, defineWodle } from './define.ts'
import type { Files } from './files.ts'
import { type Definitions, loadConfig } from './settings.ts'

const about = { summary: '', docs: '', example: {} }
const secret = (description: string) => z.string().check(z.minLength(1), z.meta({ description, secret: true }))

const chat = defineIntegration({
  ...about,
  name: 'chat',
  options: z.object({
    hook_url: z.url().check(z.meta({ description: 'Incoming webhook URL.', secret: true })),
    api_key: z.optional(secret('A key.')),
    channel: z._default(z.string(), '#general').check(z.describe('Channel.')),
    colours: z.optional(z.record(z.string(), z.object({ from: z.int().check(z.minimum(0)) }))),
    ca_file: z.optional(z.string()),
    mode: z.optional(z.enum(['short', 'long'])),
  }),
  request: () => undefined,
})
const lookup = (name: string) =>
  defineLookup({
    ...about,
    name,
    title: name,
    options: z.object({ api_key: secret('A key.') }),
    subjects: () => [],
    request: () => ({ url: '' }),
    read: () => undefined,
    event: () => undefined,
    words: () => [],
  })
const hook = defineReceiver({
  ...about,
  name: 'hook',
  options: z.object({
    secret: z.union([secret('Its secret.'), z.array(secret('One.'))]).check(z.meta({ secret: true })),
  }),
  receive: () => ({ kind: 'accepted', events: [] }),
  sample: () => ({ headers: {}, body: new Uint8Array() }),
})
const ports = defineWodle({
  ...about,
  name: 'ports',
  options: z.object({ all: z._default(z.boolean(), false) }),
  run: () => [],
})
const response = {
  ...about,
  acts_on: 'address' as const,
  key: () => undefined,
  parseKey: () => undefined,
  add: () => [],
}
const drop = defineResponse({
  ...response,
  name: 'drop',
  options: z.object({ table: z._default(z.string(), 'outrider') }),
})
const remote = defineResponse({ ...response, name: 'remote', options: z.object({ token: secret('Token.') }) })

const load = (definition: unknown) => async () => ({ default: definition }) as never
export const definitions: Definitions = {
  integrations: { chat: load(chat) },
  lookups: { intel: load(lookup('intel')), scan: load(lookup('scan')) },
  receivers: { hook: load(hook) },
  wodles: { ports: load(ports) },
  responses: { drop: load(drop), remote: load(remote) },
}

export type FakeFiles = Record<string, string | { text: string; mode: number }>

export function fakeFiles(given: FakeFiles): Files {
  return {
    read(path) {
      const file = given[path]
      if (file === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })
      return Buffer.from(typeof file === 'string' ? file : file.text)
    },
    stat(path) {
      const file = given[path]
      if (file === undefined) return undefined
      return { mode: typeof file === 'string' ? 0o640 : file.mode, isFile: true }
    },
  }
}

export const script = { text: '#!/bin/sh\n', mode: 0o750 }

export function read(yaml: string, given: FakeFiles = {}, env: Record<string, string> = {}): Promise<Config> {
  return loadConfig({ home: '/o', definitions, env, files: fakeFiles({ '/o/outrider.yaml': yaml, ...given }) })
}

export const lines = ({ problems }: Config) =>
  problems.map(
    ({ severity, file, line, message, hint }) => `${file}:${line} ${severity}: ${message}${hint ? ` -> ${hint}` : ''}`,
  )

/** Cases are a title, the file, and the problems after a line of dashes. */
export async function check(text: string, given: FakeFiles = {}, env: Record<string, string> = {}): Promise<void> {
  for (const piece of text.split(/^## /m).slice(1)) {
    const title = piece.slice(0, piece.indexOf('\n'))
    const [yaml = '', expected = ''] = piece.slice(title.length + 1).split(/^====\n/m)
    // How an expression is wrong is tested where expressions are.
    const found = lines(await read(yaml, given, env)).map((line) => line.replace(/(\.where: ).*/, '$1EXPRESSION'))
    assert.equal(found.join('\n'), expected.trim(), title)
  }
}
