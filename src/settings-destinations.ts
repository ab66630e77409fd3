/** Destinations, from `destinations:` of outrider.yaml and from the `<integration>` blocks of ossec.conf. */
import { isAbsolute, join } from 'node:path'
import type * as z from 'zod/mini'
import type { Destination, IntegrationBlock } from './config.ts'
import type { Integration } from './define.ts'
import { compileExpression, ExpressionError } from './expression.ts'
import type { Files } from './files.ts'
import { didYouMean } from './nearest.ts'
import type { Problem } from './problem.ts'
import { secretsOfUrl } from './secrets.ts'
import { collectSecrets, explain, optionNames } from './settings-check.ts'
import type { Path } from './settings-path.ts'
import { type Load, type Reading, split } from './settings-reading.ts'
import { destinationOptions, scriptOptions, toSeconds } from './settings-schema.ts'
import { blockProblem } from './wazuh/integratord.ts'

type Common = z.infer<typeof destinationOptions>

/** An integration or a look-up: here only its options count. */
type Kind = Pick<Integration, 'name' | 'options'>

/** Seconds for one try, unless something is said. */
const deadline = 30

/** integratord runs one script at a time; HTTP destinations take a few at once, or a burst of alerts waits for each answer in turn. */
const concurrencyOf = (type: string) => (type === 'script' ? 1 : 4)

/** Reads every entry; one with an error is left out. */
export async function readDestinations(
  reading: Reading,
  integrations: Load<Kind>,
  taken: Destination[],
): Promise<Destination[]> {
  const found: Destination[] = []
  for (const [name, raw] of reading.entries('destinations')) {
    const destination = await readDestination(reading, name, raw, integrations)
    if (!destination) continue
    const same = taken.find((other) => other.name === name)
    if (same) {
      reading.report(
        'error',
        ['destinations', name],
        `the name is taken by the <integration> in ${same.place.file} on line ${same.place.line}`,
        'give this one another name',
      )
    } else found.push(destination)
  }
  return found
}

async function readDestination(
  reading: Reading,
  name: string,
  raw: Record<string, unknown>,
  integrations: Load<Kind>,
): Promise<Destination | undefined> {
  const path = ['destinations', name]
  const parts = split(raw, optionNames(destinationOptions))
  const common = reading.parse(destinationOptions, parts.known, path)
  const type = raw.type
  if (typeof type !== 'string' || type === '') return undefined
  const isCommonFine =
    checkExpressions(reading, raw, path) &&
    common !== undefined &&
    checkGrouping(reading, common, path) &&
    checkDigest(reading, common, path)

  if (type === 'script') {
    const script = reading.parse(scriptOptions, parts.rest, path, optionNames(destinationOptions))
    if (!isCommonFine || !script) return undefined
    collectSecrets(scriptOptions, script, reading.secrets)
    const destination = assemble(reading, name, common, { script })
    const problem = blockProblem(destination.script!)
    if (problem === undefined) return destination
    reading.report('error', path, problem)
    return undefined
  }
  const definition = await integrations(type)
  if (!definition) {
    const names = [...integrations.names, 'script']
    const known = `known are ${names.join(', ')}`
    reading.report(
      'error',
      [...path, 'type'],
      `there is no integration "${type}"`,
      type.startsWith('custom-') ? `write type: script and name: ${type}` : (didYouMean(type, names) ?? known),
    )
    return undefined
  }
  collectSecrets(definition.options, parts.rest, reading.secrets)
  const options = reading.parse(definition.options, parts.rest, path, optionNames(destinationOptions))
  if (!isCommonFine || !options) return undefined
  return assemble(reading, name, common, { options: withAbsolutePaths(options, reading.home) })
}

function checkExpressions(reading: Reading, raw: Record<string, unknown>, path: Path): boolean {
  let isFine = true
  for (const option of ['where', 'except', 'resolve_on'] as const) {
    const source = raw[option]
    if (typeof source !== 'string' || source === '') continue
    try {
      compileExpression(source)
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error
      isFine = false
      reading.report('error', [...path, option], `${error.message} (column ${error.column})`, error.hint)
    }
  }
  return isFine
}

function digestOf({ digest }: Common): Pick<Destination, 'digest'> {
  if (digest === undefined) return {}
  if (Array.isArray(digest)) return { digest: { at: digest } }
  if (digest.includes(':')) return { digest: { at: [digest] } }
  return { digest: { every: toSeconds(digest) } }
}

/** Of a digest nothing goes out by itself: neither is there anything to group, nor can there be a storm. */
function checkDigest(reading: Reading, common: Common, path: Path): boolean {
  if (common.digest === undefined) return true
  const other = (['group_by', 'storm'] as const).find((option) => common[option] !== undefined)
  if (other !== undefined)
    reading.report('error', [...path, other], 'cannot be together with digest', `take out digest, or ${other}`)
  return other === undefined
}

/** What speaks of incidents means nothing where every alert is sent by itself. */
function checkGrouping(reading: Reading, common: Common, path: Path): boolean {
  if (common.group_by) {
    const { repeat = '1h', resolve_after } = common
    if (resolve_after === undefined || toSeconds(resolve_after) >= toSeconds(repeat)) return true
    reading.report(
      'error',
      [...path, 'resolve_after'],
      `is shorter than repeat (${repeat})`,
      'make repeat shorter, too',
    )
    return false
  }
  const needy = (['repeat', 'resolve_on', 'resolve_after', 'resolve_with_block'] as const).find(
    (option) => common[option] !== undefined,
  )
  if (needy === undefined) return true
  const isOld = needy === 'repeat'
  reading.report(
    isOld ? 'warning' : 'error',
    [...path, needy],
    'means nothing without group_by',
    'say which alerts are one incident, such as group_by: [agent.id]',
  )
  return isOld
}

function assemble(
  reading: Reading,
  name: string,
  common: Common,
  what:
    | { script: z.infer<typeof scriptOptions>; options?: undefined }
    | { options: Record<string, unknown>; script?: undefined },
): Destination {
  const place = { file: reading.file, line: reading.lineOf(['destinations', name]) }
  const filter: Destination['filter'] = {
    level: common.level ?? 0,
    rule_id: common.rule_id === undefined ? undefined : idsOf(common.rule_id),
    group: common.group === undefined ? undefined : groupsOf(common.group),
    event_location: common.event_location,
  }
  const { script } = what
  return {
    place,
    name,
    type: common.type,
    options: what.options ?? {},
    script: script && {
      place,
      name: script.name,
      hook_url: script.hook_url,
      api_key: script.api_key,
      ...filter,
      max_log: script.max_log ?? 165,
      alert_format: script.alert_format === 'plain' ? undefined : 'json',
      options: typeof script.options === 'object' ? JSON.stringify(script.options) : script.options,
      timeout: script.timeout ?? 10,
      retries: script.retries ?? 3,
    },
    filter,
    where: common.where,
    except: common.except,
    concurrency: common.concurrency ?? concurrencyOf(common.type),
    deadline: common.deadline === undefined ? deadline : toSeconds(common.deadline),
    rate: common.rate,
    ...(common.catch_up !== undefined && { catch_up: common.catch_up }),
    ...(common.title && { title: common.title }),
    ...(common.body && { body: common.body }),
    ...(common.language && { language: common.language }),
    ...(common.timezone && { timezone: common.timezone }),
    ...(common.group_by && {
      group_by: common.group_by,
      repeat: toSeconds(common.repeat ?? '1h'),
      ...(common.resolve_on !== undefined && { resolve_on: common.resolve_on }),
      ...(common.resolve_after !== undefined && { resolve_after: toSeconds(common.resolve_after) }),
      ...(common.resolve_with_block && { resolve_with_block: true }),
    }),
    fallback: common.fallback,
    ...digestOf(common),
    ...(common.storm && { storm: { alerts: common.storm.alerts, within: toSeconds(common.storm.within) } }),
    ...(common.lookups && { lookups: common.lookups }),
    ...(common.lookup_wait !== undefined && { lookup_wait: toSeconds(common.lookup_wait) }),
    ...(common.silences !== undefined && { silences: common.silences }),
    from: common.from ?? 'now',
  }
}

const idsOf = (ids: NonNullable<Common['rule_id']>): number[] =>
  (typeof ids === 'string' ? ids.split(',') : [ids].flat()).map(Number)

/** In a list of outrider.yaml blanks around names mean nothing, unlike in ossec.conf. */
const groupsOf = (groups: NonNullable<Common['group']>): string =>
  typeof groups === 'string'
    ? groups
        .split(',')
        .map((group) => group.trim())
        .join(',')
    : groups.join(',')

/** Paths in options are meant from the home folder, not from wherever Outrider was started. */
export function withAbsolutePaths(options: Record<string, unknown>, home: string): Record<string, unknown> {
  const { ca_file } = options
  return typeof ca_file === 'string' && !isAbsolute(ca_file) ? { ...options, ca_file: join(home, ca_file) } : options
}

/** Every `fallback:` names another destination, and following them ends. */
export function checkFallbacks(reading: Reading, destinations: Destination[]): void {
  for (const destination of destinations) {
    const { name, fallback } = destination
    if (fallback === undefined) continue
    const path = ['destinations', name, 'fallback']
    const names = destinations.map((other) => other.name)
    const chain = [name]
    let next: string | undefined = fallback
    while (next !== undefined && !chain.includes(next)) {
      chain.push(next)
      next = destinations.find((other) => other.name === next)?.fallback
    }
    if (!names.includes(fallback)) {
      reading.report(
        'error',
        path,
        `there is no destination "${fallback}"`,
        didYouMean(fallback, names) ?? 'it is left out',
      )
    } else if (next !== undefined) {
      reading.report(
        'error',
        path,
        `goes round in a circle: ${[...chain, next].join(', ')}`,
        'let the last one have none',
      )
    } else continue
    destination.fallback = undefined
  }
}

// ----------------------------------------------------------------------------------------------------------------- <integration>

/**
 * A destination for each `<integration>`.
 *
 * A script in `integrations/` always wins, so that what ran under Wazuh runs here. Without one, a name that one of our own integrations has (`slack`, or
 * `custom-slack` as Wazuh wants it to be called) means that one, and the block's `hook_url`, `api_key` and `<options>` (a JSON object) are its options.
 */
export async function destinationsOfBlocks(parts: {
  blocks: IntegrationBlock[]
  integrations: Load<Kind>
  files: Files
  home: string
  problems: Problem[]
  secrets: Set<string>
}): Promise<Destination[]> {
  const { blocks, integrations, files, home, problems, secrets } = parts
  const found: Destination[] = []
  for (const block of blocks) {
    const report = (message: string, extras: Pick<Problem, 'hint' | 'wazuh'>) =>
      problems.push({ severity: 'error', ...block.place, message: `<integration>: ${message}`, ...extras })
    addSecrets(block, secrets)
    const name = uniqueName(block.name, found)
    const hasScript = files.stat(join(home, 'integrations', block.name))?.isFile === true
    const ours = hasScript ? undefined : await integrations(block.name.replace(/^custom-/, ''))
    const { level, rule_id, group, event_location } = block
    const common = { place: block.place, name, filter: { level, rule_id, group, event_location }, from: 'now' as const }
    if (ours) {
      const options = optionsOfBlock(block, ours, report)
      if (!options) continue
      collectSecrets(ours.options, options, secrets)
      found.push({ ...common, type: ours.name, options, concurrency: concurrencyOf(ours.name), deadline })
      continue
    }
    const disabled = 'this integration is disabled until the next restart'
    const problem = blockProblem(block)
    if (!hasScript && !block.name.startsWith('custom-')) {
      report(`there is no script integrations/${block.name}, and no integration of ours called "${block.name}"`, {
        hint: didYouMean(block.name, integrations.names) ?? `ours are ${integrations.names.join(', ')}`,
        wazuh: disabled,
      })
    } else if (problem !== undefined) {
      report(problem, { wazuh: disabled })
    } else {
      // <timeout> and <retries> are for the script itself, which may need all of it: timeout seconds for each of its tries.
      const patience = Math.max(deadline, block.timeout * (block.retries + 1))
      found.push({ ...common, type: 'script', options: {}, script: block, concurrency: 1, deadline: patience })
    }
  }
  return found
}

function uniqueName(name: string, taken: Destination[]): string {
  const isTaken = (wanted: string) => taken.some((other) => other.name === wanted)
  if (!isTaken(name)) return name
  let count = 2
  while (isTaken(`${name}-${count}`)) count++
  return `${name}-${count}`
}

function optionsOfBlock(
  block: IntegrationBlock,
  definition: Kind,
  report: (message: string, extras: Pick<Problem, 'hint' | 'wazuh'>) => void,
): Record<string, unknown> | undefined {
  const names = optionNames(definition.options)
  const raw: Record<string, unknown> = {}
  if (block.options !== undefined) {
    let parsed: unknown
    try {
      parsed = JSON.parse(block.options)
    } catch {
      parsed = undefined
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      report('<options> is not a JSON object', {
        hint: `write {"name": "value"}; the options of ${definition.name} are ${names.join(', ')}`,
      })
      return undefined
    }
    const unknown = Object.keys(parsed).find((key) => !names.includes(key))
    if (unknown !== undefined) {
      report(`<options>: ${definition.name} has no option "${unknown}"`, {
        hint: didYouMean(unknown, names) ?? `known are ${names.join(', ')}`,
      })
      return undefined
    }
    Object.assign(raw, parsed)
  }
  for (const option of ['hook_url', 'api_key'] as const) {
    // An empty element is how a template says "none".
    if (block[option] && names.includes(option)) raw[option] = block[option]
  }
  const result = definition.options.safeParse(raw)
  if (result.success) return result.data
  for (const issue of result.error.issues) {
    const name = issue.path.join('.')
    const { message, hint } = explain(definition.options, raw, issue)
    const element = name === 'hook_url' || name === 'api_key' ? `<${name}>` : `<options>{"${name}": …}</options>`
    if (message === 'is missing') report(`${definition.name} needs ${name}`, { hint: `write ${element}` })
    else report(name === '' ? `${definition.name} ${message}` : `${name}: ${message}`, { hint })
  }
  return undefined
}

/** The key, and of the URL what could be a credential. The host is needed to understand a message. */
function addSecrets(block: IntegrationBlock, secrets: Set<string>): void {
  if (block.api_key) secrets.add(block.api_key)
  for (const part of secretsOfUrl(block.hook_url?.trim() ?? '')) secrets.add(part)
}
