/**
 * Reads the whole configuration: outrider.yaml, and the ossec.conf files it names, into one {@link Config}.
 *
 * Everything that is wrong is collected and told at once. An entry with an error (a destination, a receiver, …) is left out and the rest runs. Only
 * what would make Outrider another program than was meant stops it: text that is not YAML, and errors in `home`, `listen`, `engine` or `alerts`.
 */
import { dirname, join, resolve } from 'node:path'
import type { Config } from './config.ts'
import type { Integration, Lookup, Receiver, Response, Wodle } from './define.ts'
import { type Files, realFiles } from './files.ts'
import { didYouMean } from './nearest.ts'
import { formatProblem, type Problem, UserError } from './problem.ts'
import { createResolver } from './secrets.ts'
import { besideConf, checkBeside } from './settings-beside.ts'
import { createChecker } from './settings-check.ts'
import { checkFallbacks, destinationsOfBlocks, readDestinations } from './settings-destinations.ts'
import { readReceivers, readResponses, readWodles } from './settings-entries.ts'
import { readHosts } from './settings-hosts.ts'
import { checkLookups } from './settings-lookups.ts'
import { pathText } from './settings-path.ts'
import { entriesOf, fillReferences, hasFailed, isGroup, loader, type Reading } from './settings-reading.ts'
import { type Settings, sections, toSeconds } from './settings-schema.ts'
import { readYaml } from './settings-yaml.ts'
import { type OssecFile, readOssecConf } from './wazuh/ossec-conf.ts'
import { managersIn } from './wazuh/ossec-conf-manager.ts'
import { checkScripts } from './wazuh/ossec-conf-scripts.ts'

type Index<T> = Record<string, () => Promise<{ default: T }>>

/** The definitions that options are checked against: what the `index.ts` of each folder exports. */
export interface Definitions {
  integrations: Index<Integration>
  /** Destinations too, of the two-way kind. */
  lookups: Index<Lookup>
  receivers: Index<Receiver>
  wodles: Index<Wodle>
  responses: Index<Response>
}

export interface LoadOptions {
  /** Folder that stands for /var/ossec. Default: `home:` of the file, or the folder that the file is in. */
  home?: string
  /** outrider.yaml. Default: the one in the home folder, which may be missing. */
  file?: string
  definitions: Definitions
  env?: Record<string, string | undefined>
  files?: Files
}

/** Errors in these would make another program of it; better none. */
const decisive: readonly string[] = ['home', 'listen', 'engine', 'alerts']

/**
 * @throws UserError when outrider.yaml cannot be read or is not YAML, or when a setting is wrong that decides what Outrider is. Its message holds all
 *   errors that were found.
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const { definitions, env = process.env, files = realFiles } = options
  const path = resolve(options.file ?? join(options.home ?? '.', 'outrider.yaml'))
  const file = options.file ?? 'outrider.yaml'
  const problems: Problem[] = []
  const { value, lineOf } = readFile(path, file, options.file === undefined, files, problems)

  const named = typeof value.home === 'string' ? resolve(dirname(path), value.home) : undefined
  const home = options.home === undefined ? (named ?? dirname(path)) : resolve(options.home)
  const resolver = createResolver({ env, files, home })
  const references = fillReferences(value, resolver)
  const checker = createChecker({
    file,
    lineOf,
    problems,
    isSecret: (at) => references.filled.has(pathText(at)),
    isBroken: (at) => hasFailed(references, at),
  })
  const { report } = checker
  for (const { path: at, message, hint } of references.failed) report('error', at, message, hint)
  for (const { path: at, message, hint } of references.warnings) report('warning', at, message, hint)
  const reading: Reading = {
    ...checker,
    file,
    home,
    lineOf,
    secrets: resolver.values,
    entries: (section) => entriesOf(section, value[section], report),
  }

  const { settings, wrong } = readSections(reading, value)
  if (named !== undefined && named !== home) report('warning', ['home'], `is not used: the command line says ${home}`)
  const { found: ossecFiles, isWhole } = namedFiles(reading, settings, files)
  const ossec = readOssecConf(ossecFiles, (text) => resolver.resolve(text))
  // <white_list> may stand in the file that cannot be read.
  ossec.isWhiteListWhole &&= isWhole
  problems.push(...ossec.problems)

  const integrations = loader<Pick<Integration, 'name' | 'options'>>({
    ...definitions.integrations,
    ...definitions.lookups,
  })
  const parts = { blocks: ossec.config.integrations, integrations, files, home, problems, secrets: resolver.values }
  const fromBlocks = await destinationsOfBlocks(parts)
  const destinations = [...fromBlocks, ...(await readDestinations(reading, integrations, fromBlocks))]
  checkFallbacks(reading, destinations)
  const written = isGroup(value.destinations) ? Object.keys(value.destinations) : []
  const blocks = ossec.config.integrations.map((block) => block.name)
  checkLookups(reading, destinations, {
    types: Object.keys(definitions.lookups),
    left_out: [...written, ...blocks].filter((name) => !destinations.some((one) => one.name === name)),
    has_geoip: settings.geoip !== undefined,
  })
  const existing = (section: 'rules' | 'decoders' | 'lists') =>
    (settings[section] ?? []).flatMap((entry, i) => {
      const found = resolve(home, entry)
      if (files.stat(found)) return [found]
      report('error', [section, i], `${found} is not there`, 'paths are meant from the home folder')
      return []
    })

  const config: Config = {
    home,
    engine: settings.engine ?? 'embedded',
    alerts_file: alertsFile(reading, settings),
    ossec: ossec.config,
    rules: existing('rules'),
    decoders: existing('decoders'),
    lists: existing('lists'),
    ...(settings.geoip !== undefined && { geoip: resolve(home, settings.geoip) }),
    ...(settings.wazuh_socket !== undefined && { wazuh_socket: resolve(home, settings.wazuh_socket) }),
    listen: {
      host: settings.listen?.host ?? '127.0.0.1',
      port: settings.listen?.port ?? 9750,
      ...(settings.listen?.url !== undefined && { url: settings.listen.url.replace(/\/+$/, '') }),
    },
    destinations,
    receivers: await readReceivers(reading, loader(definitions.receivers)),
    wodles: await readWodles(reading, loader(definitions.wodles), ossec),
    ...(value.hosts !== undefined && { hosts: readHosts(reading, files) }),
    responses: await readResponses(reading, value.responses, loader(definitions.responses), ossec),
    ...(settings.silences?.longest !== undefined && { longest_silence: toSeconds(settings.silences.longest) }),
    demo: settings.demo,
    secrets: [...resolver.values].filter((value) => value !== ''),
    problems,
  }
  const managers = managersOf(config, ossecFiles, files)
  if (managers.length > 0) config.responses.managers = managers
  problems.push(...checkScripts(config, home, files, Object.keys(config.responses.options)))
  const twice = checkBeside(config, files)
  if (twice) problems.push(twice)
  const order = [file, ...ossecFiles.map((one) => one.file)]
  problems.sort((a, b) => order.indexOf(a.file) - order.indexOf(b.file) || a.line - b.line)
  if (wrong.some((section) => decisive.includes(section))) throw broken(problems)
  return config
}

function broken(problems: Problem[]): UserError {
  const errors = problems.filter(({ severity }) => severity === 'error')
  return new UserError(`the configuration has errors\n${errors.map(formatProblem).join('\n')}`)
}

function readFile(path: string, file: string, mayBeMissing: boolean, files: Files, problems: Problem[]) {
  let text = ''
  try {
    text = files.read(path).toString('utf8')
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (isMissing && !mayBeMissing) throw new UserError(`${file} is not there`, 'check the path', error)
    if (!isMissing)
      throw new UserError(`${path} cannot be read: ${(error as Error).message}`, 'check its owner and mode')
  }
  const { value = undefined, lineOf, problems: found } = readYaml(file, text)
  problems.push(...found)
  if (value === undefined) throw broken(problems)
  if (value !== null && !isGroup(value)) {
    throw new UserError(`${file} does not hold options`, 'write lines such as "listen: { port: 9750 }"')
  }
  return { value: value ?? {}, lineOf }
}

const readElsewhere: readonly string[] = ['destinations', 'receivers', 'wodles', 'responses', 'hosts']

/** Every section but those that are read piece by piece; a wrong one is reported and left out. */
function readSections(reading: Reading, value: Record<string, unknown>): { settings: Settings; wrong: string[] } {
  const settings: Record<string, unknown> = {}
  const wrong: string[] = []
  for (const [name, raw] of Object.entries(value)) {
    if (!Object.hasOwn(sections, name)) {
      const known = Object.keys(sections)
      reading.report('error', [name], 'no such section', didYouMean(name, known) ?? `known are ${known.join(', ')}`)
    } else if (raw !== null && !readElsewhere.includes(name)) {
      settings[name] = reading.parse(sections[name as keyof typeof sections], raw, [name])
      if (settings[name] === undefined) wrong.push(name)
    }
  }
  return { settings: settings as Settings, wrong }
}

/** The ossec.conf files that are there, as byte strings. */
function namedFiles(reading: Reading, settings: Settings, files: Files): { found: OssecFile[]; isWhole: boolean } {
  const preset = 'etc/ossec.conf'
  const names = settings.ossec_conf ?? (files.stat(join(reading.home, preset)) ? [preset] : [])
  const found = names.flatMap((file, i) => {
    try {
      return [{ file, text: files.read(resolve(reading.home, file)).toString('latin1') }]
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      const why = isMissing ? 'is not there' : `cannot be read: ${(error as Error).message}`
      const hint = isMissing ? 'paths are meant from the home folder' : 'check its owner and mode'
      reading.report('error', ['ossec_conf', i], `${resolve(reading.home, file)} ${why}`, hint)
      return []
    }
  })
  return { found, isWhole: found.length === names.length }
}

/** Those that were given, and those of every ossec.conf that there may be: our own, that of the Wazuh beside, that of an agent on this machine. */
function managersOf({ responses, engine, alerts_file }: Config, ossecFiles: OssecFile[], files: Files): string[] {
  const others = ['/var/ossec/etc/ossec.conf', ...(engine === 'beside' ? [besideConf(alerts_file)] : [])]
  const texts = others.flatMap((path) => {
    try {
      return [files.read(path).toString('latin1')]
    } catch {
      return [] // there is none, or it is not for us to read
    }
  })
  const named = managersIn([...ossecFiles.map(({ text }) => text), ...texts])
  return [...new Set([...(responses.managers ?? []), ...named])]
}

function alertsFile(reading: Reading, { engine, alerts }: Settings): string {
  if (engine === 'beside') return resolve(reading.home, alerts ?? '/var/ossec/logs/alerts/alerts.json')
  if (alerts !== undefined) {
    reading.report(
      'warning',
      ['alerts'],
      'is not used: our own engine writes its alerts below the home folder',
      'write engine: beside to follow this file',
    )
  }
  return join(reading.home, 'logs/alerts/alerts.json')
}
