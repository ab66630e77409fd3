/**
 * Writes one of our integrations or responses as a single file that Wazuh's own daemons run: definition, runner and zod bundled into CommonJS, which a plain
 * Node starts some 20 ms faster than ES modules that import `node:http`. Nothing is installed beside it.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'
import { replaceFile } from '../durable/replace-file.ts'
import { integrations } from '../integrations/index.ts'
import { lookups } from '../lookups/index.ts'
import { didYouMean } from '../nearest.ts'
import { UserError } from '../problem.ts'
import { responses } from '../responses/index.ts'
import { version } from '../version.ts'

export type Kind = 'integration' | 'response'

export interface BuildOptions {
  /** Name of a definition; `custom-slack` means `slack`. */
  name: string
  /** Needed only when an integration and a response have the same name. */
  kind?: Kind
  /** Folder to write into. */
  out: string
}

export interface Built {
  kind: Kind
  /** Of the definition. */
  name: string
  /** Absolute path of the script. */
  file: string
  bytes: number
  /** Source files in it, relative to the project. */
  modules: string[]
  /** Why it would not run where it was written; elsewhere it will. */
  warning?: string
}

const source = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * @throws UserError when there is no such definition, or the folder cannot be written
 */
export async function buildScript({ name: asked, kind: wanted, out }: BuildOptions): Promise<Built> {
  const { kind, name } = choose(asked, wanted)
  const program = kind === 'integration' ? `custom-${name}` : name
  const folder = resolve(out)
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`there is no folder ${folder}`, 'make it, or name another one with --out')
  const { code, modules } = await bundle(kind, name)
  const text = `${head(kind, name, program)}${code}${licences(modules)}`
  const file = join(folder, program)
  try {
    // Whoever runs it may read and run it; integratord refuses what its user could change.
    replaceFile(file, text, 0o750)
  } catch (error) {
    throw new UserError(
      `${file} cannot be written: ${(error as Error).message}`,
      'make the folder writable, or name another one with --out',
    )
  }
  return { kind, name, file, bytes: Buffer.byteLength(text), modules, warning: moduleWarning(folder) }
}

function choose(asked: string, wanted: Kind | undefined): { kind: Kind; name: string } {
  const name = asked.replace(/^custom-/, '')
  const found = (['integration', 'response'] as const).filter((kind) => Object.hasOwn(indexes[kind], name))
  const kinds = wanted ? found.filter((kind) => kind === wanted) : found
  if (kinds.length === 1) return { kind: kinds[0]!, name }
  if (kinds.length > 1)
    throw new UserError(
      `there is an integration "${name}" and a response "${name}"`,
      'say which with --kind integration or --kind response',
    )
  if (Object.hasOwn(lookups, name))
    throw new UserError(
      `${name} is a look-up, and scripts do not look up`,
      'add it below "destinations:" of an Outrider beside the Wazuh (engine: beside)',
    )
  const names = wanted ? Object.keys(indexes[wanted]) : Object.values(indexes).flatMap((index) => Object.keys(index))
  throw new UserError(
    `there is no ${wanted ?? 'integration or response'} "${name}"`,
    didYouMean(name, names) ?? `known are ${names.sort().join(', ')}`,
  )
}

const indexes = { integration: integrations, response: responses }
const folders = { integration: 'integrations', response: 'responses' }

async function bundle(kind: Kind, name: string): Promise<{ code: string; modules: string[] }> {
  const entry = 'outrider:script'
  const path = (...parts: string[]) => JSON.stringify(join(source, ...parts))
  const sends = kind === 'integration' ? await whatItSends(name) : 'http'
  const load = `
    import definition from ${path(folders[kind], `${name}.ts`)}
    import { main } from ${path('runners', `script-${kind}.ts`)}
    ${sends === 'http' ? '' : `import { createTransports } from ${path('delivery', 'transports.ts')}`}
    main(definition${sends === 'http' ? '' : ', createTransports(1)'})`
  if (sends === 'nats' || sends === 'redis')
    throw new UserError(
      `${name} cannot be a script: it needs a library that is larger than all the rest, and a connection that is kept`,
      'add it below "destinations:" of an Outrider beside the Wazuh (engine: beside), which delivers it from alerts.json',
    )
  const left_out: Record<string, string> = {
    [join(source, 'delivery', 'nats.ts')]: 'natsTransport',
    [join(source, 'delivery', 'redis.ts')]: 'redisTransport',
    // nodemailer is larger than all the rest.
    ...(sends !== 'mail' && { [join(source, 'delivery', 'mail.ts')]: 'mailTransport' }),
    ...(sends !== 'mqtt' && { [join(source, 'delivery', 'mqtt.ts')]: 'mqttTransport' }),
  }
  const { output } = await build({
    input: entry,
    cwd: dirname(source),
    platform: 'node',
    // The oldest Node that has process.getBuiltinModule, by which modules are loaded when they are needed.
    transform: { target: 'node20.16' },
    write: false,
    logLevel: 'warn',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === entry ? id : undefined),
        load(id) {
          if (id === entry) return load
          return Object.hasOwn(left_out, id) ? `export const ${left_out[id]} = undefined` : undefined
        },
      },
    ],
    output: { format: 'cjs', codeSplitting: false, comments: { legal: true, annotation: false, jsdoc: false } },
  })
  const [chunk] = output
  const modules = chunk.moduleIds.filter((id) => id !== entry).map((id) => id.replace(`${dirname(source)}/`, ''))
  return { code: chunk.code, modules }
}

/** What a definition makes of an alert tells what its script must be able to send. */
async function whatItSends(name: string): Promise<'http' | 'mail' | 'nats' | 'redis' | 'mqtt' | 'other'> {
  const { default: definition } = await integrations[name]!()
  const alert = { timestamp: '', rule: { level: 12, description: '', id: '1' }, id: '1.1' }
  const line = JSON.stringify(alert)
  const options = definition.options.parse(definition.example)
  const context = { idempotency_key: 'x', line, title: '', body: '', now: 0, session: '' }
  const made = definition.request(alert, options, context)
  if (made === undefined || 'url' in made) return 'http'
  if ('smtp' in made) return 'mail'
  if ('nats' in made) return 'nats'
  if ('redis' in made) return 'redis'
  return 'mqtt' in made ? 'mqtt' : 'other'
}

function head(kind: Kind, name: string, program: string): string {
  return `#!/usr/bin/env node
// ${program}: the ${kind} "${name}" of outrider ${version}, Apache-2.0. Make it anew with: outrider build ${name}
if (!process.getBuiltinModule) {
  console.log('${program}: needs Node 20.16 or newer, and this is ' + process.version)
  process.exit(2)
}
`
}

/** The libraries that are in it want this said. */
function licences(modules: readonly string[]): string {
  const names = new Set(modules.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []))
  const notices = [...names].sort().map((name) => {
    const folder = join(dirname(source), 'node_modules', name)
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
    const file = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file))
    if (file === undefined) throw new Error(`${folder} has no licence to quote`)
    return `This file holds parts of ${name} ${version}:\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
  })
  return `\n/*\n${notices.join('\n')}*/\n`
}

/** A file without an extension is what the nearest package.json says, and within a package of ES modules `require` does not exist. */
function moduleWarning(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'package.json')
    if (existsSync(path)) {
      const { type } = JSON.parse(readFileSync(path, 'utf8')) as { type?: unknown }
      return type === 'module' ? `it runs anywhere but here: ${path} says "type": "module"` : undefined
    }
    if (at === dirname(at)) return undefined
  }
}
