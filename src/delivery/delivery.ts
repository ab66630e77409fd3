/**
 * Delivers every alert to every destination that wants it: at least once, in the log's order where that was asked for, and no destination ever waits for
 * another. Each has a follower, a cursor and a queue of its own; they share the database and the moment of the commit.
 *
 * What is on disk at any time: per destination a cursor, and rows for the alerts before it that are neither delivered nor unwanted. A kill loses what happened
 * since the last commit, that is: at most `commit_ms` of deliveries are made again, with the same idempotency key.
 */
import { statSync } from 'node:fs'
import type { Alert } from '../alert.ts'
import { parseTimestamp, startTimer } from '../clock.ts'
import type { Destination } from '../config.ts'
import { type FileCursor, type Follower, follow, type Lines, type Notice } from '../durable/follow.ts'
import type { History } from '../durable/history.ts'
import { Notices } from '../durable/notices.ts'
import type { Cursor } from '../durable/state.ts'
import { integrations } from '../integrations/index.ts'
import type { Problem } from '../problem.ts'
import { compileRoute } from '../routes.ts'
import { alertsHistory, max_alert_bytes } from '../wazuh/alerts-days.ts'
import { blockProblem, removeLeftovers, TempFiles } from '../wazuh/integratord.ts'
import { parseAlert } from './attempt.ts'
import { RateLimit } from './backoff.ts'
import { BlockEnds } from './block-ends.ts'
import { DestinationQueue } from './queue.ts'
import type { QueueSettings } from './queue-settings.ts'
import { createScriptSender, createSender, type Sender } from './send.ts'
import { type FullDelivery, openStore } from './store.ts'
import { presentationOf } from './templates.ts'
import type { DeliveryDetail, DeliveryRunner, DeliverySettings, DeliverySummary, Result, Tuning } from './types.ts'
import { withLookups } from './with-lookups.ts'

const defaults: Tuning = {
  backoff_base_ms: 1000,
  backoff_cap_ms: 15 * 60_000,
  max_waiting: 5000,
  max_rejected: 10_000,
  max_tries: 20,
  give_up_ms: 24 * 3_600_000,
  breaker_failures: 10,
  fallback_ms: 60_000,
  commit_ms: 50,
  grace_ms: 5000,
  poll_ms: 200,
}

interface Running {
  queue: DestinationQueue
  follower: Follower
  cursor: Cursor<FileCursor>
}

export function createDelivery(settings: DeliverySettings): DeliveryRunner {
  const { state, log, now } = settings
  const tuning = { ...defaults, ...settings.tuning }
  const schedule = settings.schedule ?? startTimer
  const store = openStore(state)
  const blockEnds = new BlockEnds(state)
  const problems: Problem[] = []
  const running = new Map<string, Running>()
  const badLines = new Set<string>()
  const rates = new Map<string, RateLimit>()
  const notices = settings.notices ?? new Notices()
  let cancelCommit: (() => void) | undefined
  let failing: string | undefined
  let isStopped = false
  let committedAt = 0

  // ---------------------------------------------------------------------------------------------------------------- the commit

  function changed(): void {
    if (cancelCommit || isStopped) return
    // After a quiet time at once: what is delivered now and then should hardly ever be delivered twice.
    cancelCommit = schedule(Math.max(0, committedAt + tuning.commit_ms - now()), () => commit())
  }

  /** @param durability `full` for what a person or a script was told: all else is still in the log, and what a power cut takes back is delivered once more */
  function commit(durability: 'full' | 'lazy' = 'lazy'): void {
    cancelCommit?.()
    cancelCommit = undefined
    const written: (() => void)[] = []
    try {
      state.transaction(() => {
        for (const { queue, cursor } of running.values()) written.push(queue.flush((place) => cursor.set(place)))
        if (settings.silences) written.push(settings.silences.flush())
        written.push(blockEnds.flush())
      }, durability)
    } catch (error) {
      const message = (error as Error).message
      if (failing !== message)
        log.error(
          `delivery stops: ${state.path} cannot be written (${message}); it goes on by itself when that is mended`,
        )
      failing = message
      for (const { queue } of running.values()) queue.hold(true)
      cancelCommit ??= schedule(1000, () => commit())
      return
    }
    committedAt = now()
    for (const done of written) done()
    if (failing === undefined) return
    failing = undefined
    log.info(`delivery goes on: ${state.path} can be written again`)
    for (const { queue } of running.values()) queue.hold(false)
  }

  let cancelTaking: (() => void) | undefined

  function takeBlockEnds(): void {
    cancelTaking?.()
    cancelTaking = undefined
    const ended = blockEnds.take()
    if (ended.length === 0) return
    for (const { queue } of running.values()) queue.blocksEnded(ended)
    changed()
  }

  // ------------------------------------------------------------------------------------------------------------ one destination

  async function open(destination: Destination, temp: TempFiles): Promise<Running | undefined> {
    const { name, place } = destination
    const fail = (message: string, hint?: string): undefined => {
      problems.push({ severity: 'error', ...place, message: `destination "${name}": ${message}`, hint })
    }
    if (running.has(name)) return fail('there are two of this name')
    const compiled = compileRoute(destination)
    problems.push(...compiled.problems)
    if (!compiled.route) return undefined
    let opened: { sender: Sender; rate?: number; isLookup?: boolean } | undefined
    try {
      opened = await senderFor(destination, temp, fail)
    } catch (error) {
      return fail((error as Error).message)
    }
    if (!opened) return undefined
    const sender = told(destination, opened.sender)
    if (opened.isLookup && (destination.digest || destination.storm))
      return fail('a look-up asks for each alert, and has no use for a summary', 'take digest and storm out')

    const cursor = state.cursor<FileCursor>(`delivery/${name}`)
    const follower = follow({
      path: settings.alerts_file,
      cursor: cursor.get(),
      from: destination.from === 'start' ? 'start' : 'end',
      history: settings.history ?? historyOf(settings.alerts_file),
      max_line_bytes: max_alert_bytes,
      poll_ms: tuning.poll_ms,
      report: (notice) => report(name, notice),
    })
    const read = reader(name, follower, cursor)
    const queue = new DestinationQueue({
      destination,
      route: compiled.route,
      sender,
      store,
      tuning,
      read,
      now,
      random: settings.random,
      schedule,
      mask: settings.mask,
      rate: rateOf(destination, opened.rate),
      // A rate counts requests, and of what takes many alerts in one there are none to be spared.
      catch_up: destination.catch_up ?? (sender.batch ? undefined : (destination.rate ?? opened.rate)),
      fallback: fallbackOf(destination.fallback),
      silenced: silencedFor(destination, opened.isLookup === true),
      changed,
      bad_line: badLine,
      log: {
        info: (message) => log.info(`${name}: ${message}`, { destination: name }),
        warn: (message) => log.warn(`${name}: ${message}`, { destination: name }),
      },
    })
    return { queue, follower, cursor }
  }

  /** With what look-ups say, where that is wished for. */
  function told({ name, lookups, lookup_wait, language }: Destination, sender: Sender): Sender {
    const ask = lookups && settings.asker?.(lookups)
    if (!ask) return sender
    const warn = (message: string) => log.warn(`${name}: ${message}`, { destination: name })
    return withLookups(sender, { ask, lookup_wait, language, schedule, warn })
  }

  async function senderFor(
    destination: Destination,
    temp: TempFiles,
    fail: (message: string, hint?: string) => undefined,
  ): Promise<{ sender: Sender; rate?: number; isLookup?: boolean } | undefined> {
    const { type, script } = destination
    if (type === 'script') {
      const problem = script ? blockProblem(script) : 'it names no script'
      return problem ? fail(problem) : { sender: createScriptSender(destination, { home: settings.home, temp, now }) }
    }
    const other = await settings.sender?.(destination)
    if (other) return { sender: other, isLookup: true }
    const load = Object.hasOwn(integrations, type) ? integrations[type] : undefined
    if (!load) return fail(`unknown type "${type}"`, `known: ${Object.keys(integrations).join(', ')}, script`)
    const integration = (await load()).default
    const style = await presentationOf(destination)
    return { sender: createSender(destination, integration, now, style), rate: integration.rate }
  }

  /** Nobody reads a look-up, and an archive without gaps is wished for by `silences: false`. */
  function silencedFor({ name, silences }: Destination, isLookup: boolean): (alert: Alert) => boolean {
    if (!settings.silences || isLookup || silences === false) return () => false
    const { hold } = settings.silences
    return (alert) => hold(alert, name)
  }

  /** A limit is the credential's: two channels of one bot share it. */
  function rateOf({ type, options, rate, name }: Destination, usual: number | undefined): RateLimit | undefined {
    const perSecond = rate ?? usual
    if (perSecond === undefined) return undefined
    const { api_key, hook_url } = options
    const credential = api_key ?? hook_url
    const key = rate !== undefined || credential === undefined ? `destination ${name}` : `${type} ${credential}`
    let limit = rates.get(key)
    if (!limit) rates.set(key, (limit = new RateLimit(perSecond, now())))
    return limit
  }

  /** Looked up when it is needed: it may be opened after this one. */
  function fallbackOf(name: string | undefined): QueueSettings['fallback'] {
    if (name === undefined) return undefined
    return { name, take: (line, reason) => running.get(name)?.queue.accept(line, reason) ?? false }
  }

  function report(name: string, notice: Notice): void {
    const { message, file, offset, kind } = notice
    if (kind === 'rotated') log.debug(`${name}: ${message}`, { destination: name, file, offset })
    else if (notices.isNews(`destination ${name}`, notice)) log.warn(message, { file, offset })
  }

  function badLine(line: string): void {
    // Every destination reads it; it is told once.
    const start = settings.mask(line.slice(0, 80))
    if (badLines.has(start)) return
    if (badLines.size >= 100) badLines.clear()
    badLines.add(start)
    log.warn(`${settings.alerts_file}: skipped a line that is no alert: ${JSON.stringify(start)}`)
  }

  /** The first place in the log is on the disk at once: from then on nothing is missed, and others may leave to us what is in the log. */
  function reader(name: string, follower: Follower, cursor: Cursor<FileCursor>): () => Promise<Lines | undefined> {
    const began = beginningOf(name)
    let isPlaced = cursor.get() !== undefined
    if (!isPlaced) began.delete()
    else if (began.get() === undefined) began.set(now())
    return async () => {
      const lines = await follower.next()
      if (lines && !isPlaced)
        try {
          state.transaction(() => {
            cursor.set(lines.after(0))
            began.set(now())
          })
          isPlaced = true
        } catch {
          // The commit will tell of it.
        }
      return lines
    }
  }

  /** When it began to follow the log; it has not found its place yet where there is none. */
  function beginningOf(name: string): Cursor<number> {
    return state.cursor<number>(`delivery-began/${name}`)
  }

  // ------------------------------------------------------------------------------------------------------------------- by hand

  function find(id: string): FullDelivery | undefined {
    commit()
    return /^\d{1,15}$/.test(id) ? store.get(Number(id)) : undefined
  }

  const unknown = (id: string): Result<never> => ({
    ok: false,
    status: 404,
    error: `no delivery "${id}" waits or was rejected`,
    hint: 'see them with: outrider deliveries list',
  })
  const notRunning = (name: string): Result<never> => ({
    ok: false,
    status: 409,
    error: `destination "${name}" is not running`,
    hint: 'it is not in the configuration, or something is wrong with it there',
  })

  return {
    problems,
    async start() {
      const tags = state.cursor<number>('delivery/temp-tag')
      const old = tags.get()
      const tag = Math.floor(settings.random() * 65_536)
      tags.set(tag)
      try {
        if (old !== undefined) removeLeftovers([old])
      } catch (error) {
        log.warn(`files of the last run are left in /tmp: ${(error as Error).message}`)
      }
      const temp = new TempFiles(tag)
      for (const destination of settings.destinations) {
        const opened = await open(destination, temp)
        if (opened) running.set(destination.name, opened)
      }
      for (const { queue } of running.values()) queue.start()
      takeBlockEnds()
    },
    async stop() {
      await Promise.all(
        [...running.values()].map(async ({ queue, follower }) => {
          await Promise.all([queue.stop(), follower.close()])
        }),
      )
      commit('full')
      isStopped = true
      cancelCommit?.()
      cancelTaking?.()
    },
    blocksEnded() {
      // Later, because the transaction that notes them may still fail.
      if (!isStopped) cancelTaking ??= schedule(0, takeBlockEnds)
    },
    status: () =>
      [...running.values()].map((one) => ({ ...one.queue.status(), lag_bytes: lag(settings.alerts_file, one) })),
    list(filter) {
      commit()
      return store.list(filter).map(summary)
    },
    show(id) {
      const row = find(id)
      return row && detail(row)
    },
    retry(id, by) {
      const row = find(id)
      if (!row) return unknown(id)
      const queue = running.get(row.destination)?.queue
      if (!queue) return notRunning(row.destination)
      queue.retry(row.id)
      log.info(`${row.destination}: delivery ${id} is tried again, asked by ${by}`, { destination: row.destination })
      return { ok: true, value: {} }
    },
    retryAll(destination, by) {
      commit()
      const chosen = destination === 'all' ? [...running.values()] : [running.get(destination)]
      let count = 0
      for (const one of chosen) {
        if (!one) return notRunning(destination)
        count += one.queue.retryAll()
      }
      log.info(`${destination}: ${count} deliveries are tried again, asked by ${by}`, { destination })
      return { ok: true, value: { count } }
    },
    followingSince: (destination) => beginningOf(destination).get(),
    take(destination, line, reason) {
      const one = running.get(destination)
      const alert = parseAlert(line)
      // What cannot be read will not become readable.
      if (!one || !alert) return one !== undefined
      const began = beginningOf(destination).get()
      if (settings.follows_wazuh && began !== undefined && (parseTimestamp(alert.timestamp) ?? 0) >= began) return true
      if (!one.queue.accept(line, reason)) return false
      commit('full')
      return failing === undefined
    },
    drop(id, { reason, by }) {
      const row = find(id)
      if (!row) return unknown(id)
      const queue = running.get(row.destination)?.queue
      if (!queue) store.delete(row.id)
      const result = queue?.drop(row.id)
      if (result === 'busy')
        return {
          ok: false,
          status: 409,
          error: `delivery ${id} is being tried right now`,
          hint: 'try again in a moment',
        }
      commit('full')
      log.warn(`${row.destination}: delivery ${id} dropped by ${by}: ${reason}`, { destination: row.destination })
      return { ok: true, value: {} }
    },
  }
}

/** Wazuh leaves dated files in folders of its own; elsewhere it is what logrotate leaves. */
function historyOf(alerts_file: string): History | undefined {
  return alerts_file.endsWith('/logs/alerts/alerts.json') ? alertsHistory(alerts_file) : undefined
}

/** Bytes of the current file after the cursor; of a file that the cursor has not reached yet, all. */
function lag(file: string, { cursor }: Running): number {
  try {
    const { size, ino } = statSync(file)
    const place = cursor.get()
    return place && place.inode === String(ino) ? Math.max(0, size - place.offset) : size
  } catch {
    return 0
  }
}

function summary(row: FullDelivery): DeliverySummary {
  const alert = parseAlert(row.alert)
  const rule = alert?.rule
  return {
    id: String(row.id),
    destination: row.destination,
    state: row.state,
    alert: {
      id: String(alert?.id ?? ''),
      rule: String(rule?.id ?? ''),
      level: Number(rule?.level ?? 0),
      description: String(rule?.description ?? ''),
      timestamp: String(alert?.timestamp ?? ''),
    },
    attempts: row.attempts,
    since: row.created,
    ...(row.state === 'waiting' && { next_try: row.next_at }),
    reason: row.reason,
  }
}

function detail(row: FullDelivery): DeliveryDetail {
  return {
    ...summary(row),
    ...(row.request && { request: row.request }),
    ...(row.answer && { answer: row.answer }),
  }
}
