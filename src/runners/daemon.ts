/**
 * Composes everything into the running daemon. Nothing here decides anything: it opens, connects, starts, and stops in the reverse order.
 *
 * embedded: inputs ─▶ pipeline (engine) ─▶ alerts.json ─▶ delivery; responses are recorded by the pipeline
 * beside:   alerts.json of a real Wazuh ─▶ delivery, and ─▶ responses by a follower of our own
 */
import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { type Alert, fromBytes, toBytes } from '../alert.ts'
import { loadToken, signInUrl } from '../api/access.ts'
import { AlertFeed } from '../api/alert-feed.ts'
import { createApi, listen } from '../api/server.ts'
import { startTimer } from '../clock.ts'
import type { Config } from '../config.ts'
import { createDelivery, createSilences, type DeliveryRunner, noteBlockEnd } from '../delivery/index.ts'
import { type Appender, openAppend } from '../durable/append.ts'
import { Notices } from '../durable/notices.ts'
import { openState, type State } from '../durable/state.ts'
import { rotateWhenRead } from '../inputs/localfile.ts'
import type { Log } from '../log.ts'
import { geoLookup } from '../lookups/geoip.ts'
import { type Problem, UserError } from '../problem.ts'
import type { Block } from '../responses/block.ts'
import type { Lease } from '../responses/lease.ts'
import { localSystem } from '../responses/network.ts'
import { createResponder } from '../responses/responder.ts'
import type { Http } from '../responses/steps.ts'
import { maskSecrets } from '../secrets.ts'
import { parseAlert } from '../wazuh/alerts-days.ts'
import { createApprovals } from './approvals.ts'
import { definitions } from './definitions.ts'
import { startDemoSink } from './demo-sink.ts'
import { openEmbedded } from './embedded.ts'
import { createHealth } from './health.ts'
import { makeHome, takeHome, tokenFile } from './home.ts'
import { logtestPart } from './logtest.ts'
import { openLookups } from './lookups.ts'
import { migrations } from './migrations.ts'
import { apiParts } from './parts.ts'
import { createReceivers } from './receive.ts'
import { followForResponses } from './response-source.ts'
import { drainSpools } from './script-backlog.ts'
import { takeOver } from './script-hooks.ts'
import { listenForScripts } from './script-server.ts'
import { socketPath } from './script-socket.ts'
import { createStepHttp } from './step-http.ts'

export interface Daemon {
  url: string
  /** With the token, for a browser. */
  console_url: string
  problems: readonly Problem[]
  /** Reads rules, decoders and lists again; a broken ruleset leaves the old one running. */
  reload(): void
  /** Ends what is under way in order, and gives the home free. */
  stop(): Promise<void>
}

export interface DaemonEnv {
  /** Milliseconds since 1970: the clock of everything but network timeouts. */
  now(): number
  /** Calls back after so many milliseconds of that clock; the returned function cancels. Default: a timer. */
  schedule?(ms: number, run: () => void): () => void
  log: Log
  /** Sees every alert, for a terminal. */
  onAlert?(alert: Alert): void
}

/** Folder of the built console. */
const consoleFolder = fileURLToPath(new URL('../console/dist', import.meta.url))

/**
 * Starts everything that is configured; resolves when it runs and listens.
 *
 * @throws UserError for what a person has to mend: a home that is taken or cannot be written, a taken port, an unreadable database
 */
export async function startDaemon(config: Config, env: DaemonEnv): Promise<Daemon> {
  makeHome(config.home)
  const taken = takeHome(config.home)
  const closing: (() => unknown)[] = [() => taken.release()]
  const close = async () => {
    for (let next = closing.pop(); next; next = closing.pop()) await next()
  }
  try {
    return await start(config, env, taken.announce, closing, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function start(
  config: Config,
  { now, schedule = startTimer, log, onAlert }: DaemonEnv,
  announce: (url: string, token: string) => void,
  closing: (() => unknown)[],
  close: () => Promise<void>,
): Promise<Daemon> {
  const { home } = config
  const started = now()
  const mask = maskSecrets(config.secrets)
  const problems = [...config.problems]
  const state = openState(join(home, 'state.db'), migrations)
  closing.push(() => state.close())
  const eventFiles = openEventFiles(state)
  closing.push(eventFiles.close)

  const feed = new AlertFeed()
  const published = (lines: readonly string[]) => {
    for (const line of lines) {
      const alert = parseAlert(line)
      if (!alert) continue
      feed.push(alert, fromBytes(line))
      onAlert?.(alert)
    }
  }

  // What alerts lead to comes before what makes them, so that the first alert finds everything.
  if (config.demo) {
    const received = openAppend({ path: join(home, 'logs', 'demo-received.ndjson') })
    const sink = await startDemoSink({ port: config.demo.port, received, log })
    closing.push(() => sink.close())
  }
  const { http, close: closeHttp } = createStepHttp()
  closing.push(closeHttp)
  let delivery: DeliveryRunner | undefined
  const endsIncidents = config.destinations.some(({ resolve_with_block }) => resolve_with_block)
  const undone = ({ alert, rule, target }: Lease) => {
    if (!endsIncidents || alert === undefined || rule === undefined) return
    noteBlockEnd(state, { alert, rule, target })
    delivery?.blocksEnded()
  }
  const approvals = createApprovals(config, loadToken(join(home, 'queue', 'approval.key')))
  const { asked } = approvals
  const responder = await openResponder(config, { state, now, schedule, log, mask, http, undone, asked })
  for (const message of responder.problems) problems.push({ severity: 'error', file: 'responses', line: 0, message })
  await responder.start()
  closing.push(() => responder.stop())

  const lookups = openLookups({ config, state, append: eventFiles.append, now, log, mask })
  closing.push(() => lookups.close())
  const silences = createSilences({
    state,
    now,
    schedule,
    log,
    // Those that a silence reaches.
    destinations: config.destinations
      .filter(({ type, silences: isReached }) => isReached !== false && !Object.hasOwn(definitions.lookups, type))
      .map(({ name }) => name),
    longest: config.longest_silence,
  })
  silences.start()
  closing.push(() => silences.stop())
  const notices = new Notices()
  delivery = createDelivery({
    state,
    silences,
    alerts_file: config.alerts_file,
    home,
    follows_wazuh: config.alerts_file === join(home, 'logs', 'alerts', 'alerts.json'),
    destinations: config.destinations,
    now,
    random: Math.random,
    schedule,
    log,
    mask,
    notices,
    sender: lookups.sender,
    asker: lookups.asker,
  })
  await delivery.start()
  problems.push(...delivery.problems)
  closing.push(() => delivery.stop())

  // Built scripts that a real Wazuh starts on this machine hand over here what we will come by anyway.
  const take = takeOver({
    home,
    alerts_file: config.alerts_file,
    following_since: now(),
    delivery,
    responder,
    responses_enabled: config.responses.enabled,
    is_root: process.getuid?.() === 0,
  })
  const scripts = await listenForScripts({ path: socketPath(home), log, take })
  closing.push(() => scripts.close())
  let draining = drainSpools({ home, delivery, log })
  const drain = setInterval(() => (draining = draining.then(() => drainSpools({ home, delivery, log }))), 10_000)
  closing.push(() => {
    clearInterval(drain)
    return draining
  })

  const health_file = join(home, 'queue', 'events', 'outrider')
  const health = createHealth({
    append: (lines) => eventFiles.append(health_file, lines),
    hostname: hostname(),
    now,
    log,
  })
  const { append } = eventFiles
  const { wodleFailed } = health
  // Beside a real Wazuh nobody reads these events.
  if (config.engine === 'embedded') approvals.tell(health.approvalWanted)
  const embedded =
    config.engine === 'embedded'
      ? openEmbedded({
          config,
          state,
          responder,
          append,
          health_file,
          lookup_file: lookups.event_file,
          wodleFailed,
          now,
          log,
          published,
        })
      : undefined
  if (embedded) {
    closing.push(() => embedded.close())
    await embedded.read()
  } else {
    const ending = new AbortController()
    const { alerts_file } = config
    const { signal } = ending
    const following = followForResponses({ alerts_file, state, responder, log, notices, signal, seen: published })
    closing.push(async () => {
      ending.abort()
      await following
    })
  }

  const receivers = createReceivers({
    receivers: await Promise.all(
      config.receivers.map(async (setting) => ({
        setting,
        definition: (await definitions.receivers[setting.type]!()).default,
      })),
    ),
    append: (file, lines) => eventFiles.append(file, lines.map(toBytes)),
    state,
    now,
    log,
  })
  const logtest =
    embedded && logtestPart({ load: embedded.ruleset, now, log_alert_level: config.ossec.global.log_alert_level })
  // Those of the ruleset change when it is loaded again.
  const allProblems = () => [...problems, ...(embedded?.ruleset().problems ?? [])]
  const parts = apiParts({
    config,
    started,
    mask,
    problems: allProblems,
    feed,
    receivers,
    delivery,
    silences,
    responder,
    embedded,
    logtest,
    links: approvals.links,
    now,
    log,
  })

  const token = loadToken(tokenFile(home))
  const hosts = [config.listen.host, ...(config.listen.url ? [new URL(config.listen.url).hostname] : [])]
  const app = createApi(parts, { token, hosts, console: consoleFolder, log, now })
  const listening = await listen(app, config.listen.host, config.listen.port)
  if (!listening.ok) throw new UserError(listening.error, listening.hint)
  closing.push(() => listening.close())
  parts.listening(listening.url)
  approvals.listening(listening.url)
  announce(listening.url, token)

  if (embedded) {
    health.started()
    const looking = setInterval(() => health.look(delivery.status(), responder.overdue()), 5000)
    closing.push(() => clearInterval(looking))
  }

  // V8 would let its young generation grow to 64 MB, twice, and collect the old one only at four times what is alive in it: beside a Wazuh on a small machine
  // memory is dearer than the few per cent of speed. The young one keeps what it has taken while everything was loaded (13.6, SemiSpaceNewSpace::Grow).
  for (const flag of ['--semi-space-growth-factor=1', '--heap-growing-percent=100']) setFlagsFromString(flag)

  let stopping: Promise<void> | undefined
  return {
    url: listening.url,
    console_url: signInUrl(listening.url, token),
    problems: allProblems(),
    reload() {
      lookups.reload()
      if (embedded) embedded.reload()
      else log.warn('there is no ruleset to load again: the alerts come from Wazuh')
    },
    stop: () => (stopping ??= close()),
  }
}

/** The country of an address, for guards; undefined without a database. */
function countries(geoip: string | undefined, log: Log): ((address: string) => string | undefined) | undefined {
  if (geoip === undefined) return undefined
  try {
    const lookup = geoLookup(geoip)
    // `US / California`
    return (address) => lookup(address)?.slice(0, 2)
  } catch (error) {
    log.error(`guards have no countries: ${(error as Error).message}`, { hint: 'see geoip in outrider.yaml' })
    return undefined
  }
}

function openResponder(
  config: Config,
  parts: {
    state: State
    now(): number
    schedule: typeof startTimer
    log: Log
    mask(text: string): string
    http: Http
    undone(lease: Lease): void
    asked(block: Block, until: number): string | undefined
  },
) {
  const { home, ossec } = config
  const { schedule, ...rest } = parts
  const { log } = parts
  return createResponder({
    ...rest,
    commands: ossec.commands,
    responses: ossec.responses_disabled ? [] : ossec.responses,
    white_list: ossec.global.white_list,
    settings: config.responses,
    hosts: config.hosts,
    manager: config.responses.managers,
    country: countries(config.geoip, log),
    tuning: config.responses.tuning,
    home,
    node_name: ossec.global.cluster?.node_name,
    setTimer: (run, ms) => schedule(ms, run),
    definitions: definitions.responses,
    system: localSystem,
    is_root: process.getuid?.() === 0,
    boot_id: readBootId(),
    resolve: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
  })
}

/** One appender for each file that receivers, wodles and Outrider itself write events to; a file is put aside when it is long and all of it was read. */
function openEventFiles(state: State) {
  const appenders = new Map<string, Appender>()
  return {
    append(file: string, lines: string[]): Promise<void> {
      let appender = appenders.get(file)
      if (!appender) appenders.set(file, (appender = openAppend({ path: file, rotate: rotateWhenRead(state, file) })))
      return appender.append(lines)
    },
    async close() {
      await Promise.all([...appenders.values()].map((appender) => appender.close()))
    },
  }
}

function readBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Not Linux; a restart of the machine then looks like one of the daemon.
    return undefined
  }
}
