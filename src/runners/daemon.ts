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
import { fromBytes } from '../alert.ts'
import { loadToken, signInUrl } from '../api/access.ts'
import { AlertFeed } from '../api/alert-feed.ts'
import { createApi, type Listening, listen } from '../api/server.ts'
import type { Config } from '../config.ts'
import type { Receiver } from '../define.ts'
import { createDelivery, migrations as deliveryMigrations } from '../delivery/index.ts'
import { type Appender, openAppend } from '../durable/append.ts'
import { openState } from '../durable/state.ts'
import { createSession, type Decision, type Session } from '../engine/index.ts'
import type { Log } from '../log.ts'
import { type Problem, UserError } from '../problem.ts'
import { receivers as receiverIndex } from '../receivers/index.ts'
import { responses as responseIndex } from '../responses/index.ts'
import { migrations as leaseMigrations } from '../responses/lease.ts'
import { localSystem } from '../responses/network.ts'
import { createResponder } from '../responses/responder.ts'
import { fetchHttp } from '../responses/steps.ts'
import { maskSecrets } from '../secrets.ts'
import { parseAlert } from '../wazuh/alerts-days.ts'
import { openAlertsFile } from '../wazuh/alerts-file.ts'
import { startDemoSink } from './demo-sink.ts'
import { makeHome, takeHome, tokenFile } from './home.ts'
import { openInputs } from './inputs.ts'
import { createLogtestSessions } from './logtest-sessions.ts'
import { apiParts } from './parts.ts'
import { createPipeline } from './pipeline.ts'
import { createReceivers, migrations as receiverMigrations } from './receive.ts'
import { followForResponses } from './response-source.ts'
import { type LoadedRuleset, loadRulesetOf } from './ruleset.ts'

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

/** Folder of the built console. */
const consoleFolder = fileURLToPath(new URL('../console/dist', import.meta.url))

/**
 * Starts everything that is configured; resolves when it runs and listens.
 *
 * @param now milliseconds since 1970: the clock of everything but network timeouts
 * @throws UserError for what a person has to mend: a home that is taken or cannot be written, a taken port, an unreadable database
 */
export async function startDaemon(config: Config, env: { now(): number; log: Log }): Promise<Daemon> {
  const { now, log } = env
  const { home, ossec } = config
  const started = now()
  makeHome(home)
  const taken = takeHome(home)
  const opened: (() => unknown)[] = [() => taken.release()]
  const closeAll = async () => {
    for (const close of opened.reverse()) await close()
  }
  try {
    const mask = maskSecrets(config.secrets)
    const state = openState(join(home, 'state.db'), [...receiverMigrations, ...deliveryMigrations, ...leaseMigrations])
    opened.push(() => state.close())
    const problems = [...config.problems]
    const feed = new AlertFeed()

    // One appender for each file that receivers, wodles and we ourselves write events to.
    const appenders = new Map<string, Appender>()
    const appendTo = (file: string, lines: string[]) => {
      let appender = appenders.get(file)
      if (!appender) appenders.set(file, (appender = openAppend({ path: file, mode: 0o640 })))
      return appender.append(lines)
    }
    opened.push(() => Promise.all([...appenders.values()].map((appender) => appender.close())))

    const responder = await createResponder({
      state,
      commands: ossec.commands,
      responses: ossec.responses_disabled ? [] : ossec.responses,
      white_list: ossec.global.white_list,
      settings: config.responses,
      home,
      node_name: ossec.global.cluster?.node_name,
      now,
      setTimer: (run, ms) => {
        const timer = setTimeout(run, ms)
        return () => clearTimeout(timer)
      },
      log,
      mask,
      definitions: responseIndex,
      system: localSystem,
      is_root: process.getuid?.() === 0,
      boot_id: readBootId(),
      http: fetchHttp,
      resolve: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
    })
    for (const message of responder.problems) problems.push({ severity: 'error', file: 'responses', line: 0, message })

    const delivery = createDelivery({
      state,
      alerts_file: config.alerts_file,
      home,
      destinations: config.destinations,
      now,
      random: Math.random,
      log,
      mask,
    })
    problems.push(...delivery.problems)

    const ending = new AbortController()
    const running: Promise<unknown>[] = []
    const seen = (lines: readonly string[]) => {
      for (const line of lines) {
        const alert = parseAlert(line)
        if (alert) feed.push(alert, fromBytes(line))
      }
    }
    let ruleset: LoadedRuleset | undefined
    let pipeline: ReturnType<typeof createPipeline> | undefined
    let reload = () => log.warn('nothing to load again: the alerts come from Wazuh')

    // The demo's receiver and the destinations first, so that the first alert finds them.
    if (config.demo) {
      const received = openAppend({ path: join(home, 'logs', 'demo-received.ndjson') })
      const sink = await startDemoSink({ port: config.demo.port, received, log })
      opened.push(() => sink.close())
    }
    await responder.start()
    opened.push(() => responder.stop())

    if (config.engine === 'embedded') {
      const loaded = loadRulesetOf(config)
      problems.push(...loaded.problems)
      if (!loaded.ruleset) {
        throw new UserError(
          'the ruleset cannot be loaded',
          'mend the errors above, or take the file out of the ruleset',
        )
      }
      ruleset = loaded
      const session = openSession(config, loaded)
      reload = () => {
        const next = loadRulesetOf(config)
        if (!next.ruleset)
          return log.error('the new ruleset has errors, so the old one stays', { problems: next.problems })
        session.reload(next.ruleset)
        ruleset = next
        log.info('ruleset loaded again', { rules: next.ruleset.rules.length })
      }
      const { jsonout_output, alerts_log, rotate_interval, max_output_size } = ossec.global
      const writer = openAlertsFile({
        folder: join(home, 'logs', 'alerts'),
        jsonout_output,
        alerts_log,
        rotate_interval,
        max_output_size,
        now,
      })
      opened.push(() => writer.close())
      const rotating = setInterval(() => void writer.rotate().catch(() => {}), 1000)
      opened.push(() => clearInterval(rotating))
      const hasResponses = ossec.responses.length > 0 && !ossec.responses_disabled
      pipeline = createPipeline({
        session: () => session,
        writer,
        state,
        now,
        log,
        respond(decision, line) {
          if (hasResponses) responder.record(plan(decision, line))
        },
        published(lines) {
          responder.kick()
          seen(lines)
        },
      })
      opened.push(() => pipeline!.idle())
      const plan = (decision: Decision, line: string | undefined) => {
        const json = line ?? decision.json(0)
        const alert = parseAlert(json)
        return alert
          ? responder.plan(alert, { json, group: decision.rule?.group, no_ar: decision.rule?.no_ar }).intents
          : []
      }
      await delivery.start()
      opened.push(() => delivery.stop())
      const inputs = await openInputs({ config, state, now, log, append: appendTo, signal: ending.signal })
      opened.push(() => inputs.close())
      for (const source of inputs.sources) {
        running.push(
          pipeline.run(source, ending.signal).catch((error: Error) => {
            log.error(`input "${source.name}" has stopped: ${error.message}`, { stack: error.stack })
          }),
        )
      }
    } else {
      await delivery.start()
      opened.push(() => delivery.stop())
      const { alerts_file } = config
      running.push(followForResponses({ alerts_file, state, responder, log, signal: ending.signal, seen }))
    }
    opened.push(async () => {
      ending.abort()
      await Promise.all(running)
    })

    const receivers = createReceivers({
      receivers: await loadReceivers(config),
      append: (file, lines) =>
        appendTo(
          file,
          lines.map((line) => Buffer.from(line, 'utf8').toString('latin1')),
        ),
      state,
      now,
      log,
    })

    const token = loadToken(tokenFile(home))
    const parts = apiParts({
      config,
      started,
      now,
      mask,
      problems,
      feed,
      receivers,
      delivery,
      responder,
      pipeline,
      ruleset: () => ruleset,
      log,
      logtest: createLogtestSessions({ ruleset: () => ruleset?.ruleset, hostname: hostname(), now }),
    })
    const app = createApi(parts, { token, hosts: [config.listen.host], console: consoleFolder, log, now })
    const listening = await listen(app, config.listen.host, config.listen.port)
    if (!listening.ok) throw new UserError(listening.error, listening.hint)
    opened.push(() => (listening as Listening).close())
    taken.announce(listening.url, token)
    parts.listening(listening.url)

    let stopping: Promise<void> | undefined
    return {
      url: listening.url,
      console_url: signInUrl(listening.url, token),
      problems,
      reload: () => reload(),
      stop: () => (stopping ??= closeAll()),
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

function openSession({ ossec }: Config, { ruleset }: LoadedRuleset): Session {
  const { log_alert_level, email_alert_level, cluster } = ossec.global
  return createSession(ruleset!, {
    hostname: hostname(),
    mode: 'live',
    log_alert_level,
    email_alert_level,
    utc_offset: (at) => -new Date(at).getTimezoneOffset(),
    cluster: cluster && { name: cluster.name, node: cluster.node_name },
  })
}

async function loadReceivers(
  config: Config,
): Promise<{ setting: Config['receivers'][number]; definition: Receiver }[]> {
  return Promise.all(
    config.receivers.map(async (setting) => ({
      setting,
      definition: (await receiverIndex[setting.type]!()).default,
    })),
  )
}

function readBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Not Linux; without it a restart of the machine looks like one of the daemon.
    return undefined
  }
}
