/** What the API shows and does, made of the running pieces. */
import type { AlertFeed } from '../api/alert-feed.ts'
import type { InputStatus, Logtest, Parts, PastBlock, Receivers, Result, Silence } from '../api/parts.ts'
import type { Config } from '../config.ts'
import type { DeliveryRunner, Silences } from '../delivery/index.ts'
import type { Log } from '../log.ts'
import type { Problem } from '../problem.ts'
import type { ApprovalLinks } from '../responses/approval-links.ts'
import type { Lease } from '../responses/lease.ts'
import type { Responder } from '../responses/types.ts'
import { compileSilence } from '../silence.ts'
import { version } from '../version.ts'
import type { Embedded } from './embedded.ts'
import { defaultHome } from './home.ts'

export interface Running {
  config: Config
  started: number
  mask(text: string): string
  problems(): Problem[]
  feed: AlertFeed
  receivers: Receivers
  delivery: DeliveryRunner
  silences: Silences
  responder: Responder
  /** Only with the embedded engine. */
  logtest?: Logtest
  /** Missing beside a real Wazuh. */
  embedded?: Embedded
  links: ApprovalLinks
  now(): number
  log: Log
}

export function apiParts(running: Running): Parts & { listening(url: string): void } {
  const { config, started, mask, problems, feed, receivers, delivery, silences, responder, embedded, log } = running
  let url = ''

  // Every change by hand leaves a line in the log; responses keep an audit table besides.
  const recorded = <T>(what: string, fields: Record<string, unknown>, result: Result<T>): Result<T> => {
    log.info(what, { ...fields, result: result.ok ? 'done' : result.error })
    return result
  }

  return {
    listening(at) {
      url = at
    },
    mask,
    status: () => ({
      version,
      started,
      home: config.home,
      engine: config.engine,
      responses_enabled: config.responses.enabled,
      next_step: nextStep(running, url),
    }),
    alerts: feed,
    problems,
    engine: embedded && (() => engineStatus(embedded)),
    inputs: () => inputStatus(running),
    destinations: () => delivery.status(),
    deliveries: {
      list: (filter) => delivery.list(filter),
      show: (id) => delivery.show(id),
      retry: (id, by) => recorded('delivery retried by hand', { delivery: id, by }, delivery.retry(id, by)),
      retryAll: (destination, by) =>
        recorded('destination retried by hand', { destination, by }, delivery.retryAll(destination, by)),
      drop: (id, manual) =>
        recorded('delivery given up by hand', { delivery: id, ...manual }, delivery.drop(id, manual)),
    },
    silences: {
      list: (all) => silences.list(all),
      add(wish) {
        const result = recorded('silence added by hand', { ...wish }, silences.add(wish))
        return result.ok ? { ok: true, value: { ...result.value, ...fitsOf(result.value, feed) } } : result
      },
      end: (id, manual) => recorded('silence ended by hand', { silence: id, ...manual }, silences.end(id, manual)),
      audit: (limit) => silences.audit(limit),
    },
    blocks: {
      list: () => responder.list(),
      responses: () => responder.responses(),
      hosts: () => (config.hosts ?? []).map(({ name }) => name),
      add: (wish) => recorded('block added by hand', { ...wish }, responder.add(wish)),
      remove: (id, manual) => recorded('block removed by hand', { block: id, ...manual }, responder.remove(id, manual)),
      extend: (id, seconds, manual) =>
        recorded('block extended by hand', { block: id, seconds, ...manual }, responder.extend(id, seconds, manual)),
      answer: (id, approve, manual) =>
        recorded(
          `block ${approve ? 'approved' : 'refused'} by hand`,
          { block: id, ...manual },
          responder.answer(id, approve, manual),
        ),
      answerAll: (approve, manual, until) =>
        recorded(
          `all blocks that wait ${approve ? 'approved' : 'refused'} by hand`,
          { ...manual },
          responder.answerAll(approve, manual, until),
        ),
      history: (limit) => responder.history(limit).map(toPastBlock),
      audit: (limit) => responder.audit(limit),
      allowed: () => responder.allowed(),
      allow: (entry, seconds, manual) =>
        recorded('allowed by hand', { entry, seconds, ...manual }, responder.allow(entry, seconds, manual)),
      disallow: (entry, manual) =>
        recorded('no longer allowed, by hand', { entry, ...manual }, responder.disallow(entry, manual)),
    },
    blocklist(name) {
      // Undefined as well when the options of the response are wrong.
      const token = config.responses.options.blocklist?.token
      return name === 'blocklist' && typeof token === 'string' ? { keys: responder.targets(name), token } : undefined
    },
    refusals: () => responder.refusals(200),
    approvals: {
      find(token) {
        const link = running.links.read(token, running.now())
        if (!link) return { kind: 'not ours' }
        const block = responder.block(link.lease)
        if (block?.asks && !link.is_expired) return { kind: 'waits', block }
        return { kind: block && !block.asks ? 'answered' : 'expired' }
      },
      answer: (id, approve, manual) =>
        recorded(
          `block ${approve ? 'approved' : 'refused'} by link`,
          { block: id, ...manual },
          responder.answer(id, approve, manual),
        ),
    },
    receivers,
    logtest: running.logtest,
  }
}

/** How many of the newest alerts a silence fits: one that fits none is often a mistake. */
function fitsOf({ match }: Silence, feed: AlertFeed): { fits: number; of: number } {
  const { matches } = compileSilence(match)
  const destination = match.destinations?.[0] ?? ''
  let fits = 0
  let of = 0
  for (let seq = feed.last; seq >= feed.first && of < 1000; seq--, of++)
    if (matches(JSON.parse(feed.get(seq)!.line), destination)) fits++
  return { fits, of }
}

function toPastBlock(lease: Lease): PastBlock {
  const { id, response, target: key, host, state, since, until, ended, why, by, alert, hits, guard, note } = lease
  return { id, response, key, host, state, since, until, ended, why, by, alert, hits, guard, reason: note }
}

function engineStatus({ pipeline, ruleset }: Embedded) {
  const { events, alerts } = pipeline.counts()
  const { ruleset: loaded, files } = ruleset()
  return {
    rules: loaded?.rules.length ?? 0,
    decoders: loaded?.decoders.length ?? 0,
    lists: files.lists.length,
    events,
    alerts,
  }
}

function inputStatus({ config, embedded, feed }: Running): InputStatus[] {
  if (!embedded) return [{ name: config.alerts_file, kind: 'alerts', state: 'ok', events: feed.last }]
  const counts = embedded.pipeline.counts().sources
  return (embedded.inputs()?.status() ?? []).map(({ source, ...input }) => {
    const count = counts.get(source)
    return { events: count?.events ?? 0, last_event: count?.last_event, ...input }
  })
}

/** What a newcomer can do on a machine where no webhook has come yet. */
function nextStep({ config, embedded }: Running, url: string): { text: string; command: string } | undefined {
  const github = config.receivers.find((receiver) => receiver.type === 'github')
  if (!github || url === '' || embedded?.pipeline.counts().sources.get(github.file)?.events) return undefined
  return {
    text: 'No webhook has come yet. This sends a correctly signed GitHub event:',
    command: `npx outrider ${config.home === defaultHome() ? '' : `--home ${config.home} `}send ${github.name}`,
  }
}
