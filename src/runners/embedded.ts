/** The embedded engine at work: ruleset, session, alerts files and inputs around the pipeline. Takes the place of analysisd, logcollector and modulesd. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { State } from '../durable/state.ts'
import { createSession, type Decision } from '../engine/index.ts'
import type { Log } from '../log.ts'
import { UserError } from '../problem.ts'
import type { Responder } from '../responses/types.ts'
import { parseAlert } from '../wazuh/alerts-days.ts'
import { openAlertsFile } from '../wazuh/alerts-file.ts'
import { openEngineMemory } from './engine-memory.ts'
import { type Inputs, openInputs } from './inputs.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import { type LoadedRuleset, loadRulesetOf } from './ruleset.ts'

export interface Embedded {
  pipeline: Pipeline
  /** There once {@link Embedded.read} was called. */
  inputs(): Inputs | undefined
  ruleset(): LoadedRuleset
  /** Opens the inputs and begins to read. */
  read(): Promise<void>
  /** Reads the ruleset again; one that cannot be used leaves the old one running. */
  reload(): void
  /** Stops reading, finishes what was read, closes. */
  close(): Promise<void>
}

export interface EmbeddedParts {
  config: Config
  state: State
  responder: Responder
  /** Appends lines to an event file of ours. */
  append(file: string, lines: string[]): Promise<void>
  health_file: string
  /** Event file of look-ups; undefined when there are none. */
  lookup_file?: string
  wodleFailed(tag: string, reason: string): void
  now(): number
  log: Log
  /** Gets the lines of alerts.json when they are safe. */
  published(lines: readonly string[]): void
}

/** Minutes east of UTC where this machine is. */
const utc_offset = (at_ms: number) => -new Date(at_ms).getTimezoneOffset()

/** @throws UserError when the ruleset cannot be used at all */
export function openEmbedded(parts: EmbeddedParts): Embedded {
  const { config, state, responder, now, log } = parts
  const { ossec } = config
  const { log_alert_level, email_alert_level, cluster, ...files } = ossec.global

  let ruleset = loadRulesetOf(config)
  if (!ruleset.ruleset) throw new UserError('the ruleset cannot be loaded', 'see the errors above')
  const memory = openEngineMemory(state)
  const session = createSession(ruleset.ruleset, {
    hostname: hostname(),
    mode: 'live',
    log_alert_level,
    email_alert_level,
    utc_offset,
    cluster: cluster && { name: cluster.name, node: cluster.node_name },
    ...memory,
  })

  const writer = openAlertsFile({ ...files, folder: join(config.home, 'logs', 'alerts'), now, utc_offset })
  const rotating = setInterval(() => {
    writer.rotate().catch((error: Error) => log.error(`alerts cannot change to a new file: ${error.message}`))
  }, 1000)

  const hasResponses = ossec.responses.length > 0 && !ossec.responses_disabled
  const pipeline = createPipeline({
    session: () => session,
    writer,
    state,
    now,
    log,
    save: memory.save,
    saved: memory.saved,
    respond(decision, line) {
      if (hasResponses) responder.record(intentsOf(responder, decision, line))
    },
    published(lines) {
      if (hasResponses) responder.kick()
      parts.published(lines)
    },
  })

  const ending = new AbortController()
  let inputs: Inputs | undefined
  let reading: Promise<unknown> = Promise.resolve()

  return {
    pipeline,
    inputs: () => inputs,
    ruleset: () => ruleset,
    async read() {
      inputs = await openInputs({ ...parts, utc_offset })
      reading = Promise.all(
        inputs.sources.map((source) =>
          pipeline.run(source, ending.signal).catch((error: Error) => {
            log.error(`input "${source.name}" has stopped: ${error.message}`, { stack: error.stack })
          }),
        ),
      )
    },
    reload() {
      const next = loadRulesetOf(config)
      const errors = next.problems.filter(({ severity }) => severity === 'error')
      for (const { message, severity, ...place } of errors) log.error(message, place)
      // What ran whole must not lose a rule to a slip of the pen.
      if (!next.ruleset || (next.refused && !ruleset.refused))
        return log.error('the new ruleset has errors, so the old one stays', { errors: errors.length })
      session.reload(next.ruleset)
      ruleset = next
      log.info('ruleset loaded again', { rules: next.ruleset.rules.length, problems: next.problems.length })
    },
    async close() {
      ending.abort()
      await inputs?.close()
      await reading
      await pipeline.idle()
      clearInterval(rotating)
      await writer.close()
    },
  }
}

function intentsOf(responder: Responder, decision: Decision, line: string | undefined) {
  const json = line ?? decision.json(0)
  const alert = parseAlert(json)
  if (!alert) return []
  const { group, no_ar } = decision.rule ?? {}
  return responder.plan(alert, { json, group, no_ar }).intents
}
