/** Parts over plain arrays, for tests of the API and the console: what was done to them can be read back. */
import type { Alert } from '../alert.ts'
import type { Delivery } from '../define.ts'
import type { Log } from '../log.ts'
import type { Problem } from '../problem.ts'
import { describeMatch } from '../silence.ts'
import { AlertFeed } from './alert-feed.ts'
import type {
  Allowed,
  AuditEntry,
  Block,
  DeliveryDetail,
  DestinationStatus,
  Parts,
  PastBlock,
  Refusal,
  Silence,
} from './parts.ts'
import { createApi } from './server.ts'

export const token = 'test-token-0123456789abcdefghijklmnopqrstuv'

export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** An alert with what every one has; `rule` and the rest replace parts of it. */
export function sampleAlert({
  rule,
  ...rest
}: Partial<Omit<Alert, 'rule'>> & { rule?: Partial<Alert['rule']> } = {}): Alert {
  return {
    timestamp: '2026-11-21T10:00:00.000+0000',
    id: '1795255200.100',
    location: '/var/log/auth.log',
    full_log: 'sshd[1]: Failed password for root from 203.0.113.7 port 22 ssh2',
    ...rest,
    rule: { level: 5, description: 'sshd: authentication failed', id: '5716', groups: ['sshd'], ...rule },
  }
}

/** Everything the daemon would supply, on arrays that the test fills and reads. */
export function memoryParts(now: () => number) {
  const feed = new AlertFeed()
  const destinations: DestinationStatus[] = []
  const deliveries: DeliveryDetail[] = []
  const silences: Silence[] = []
  const blocks: Block[] = []
  const history: PastBlock[] = []
  const audit: AuditEntry[] = []
  const allowed: Allowed[] = []
  const hosts: string[] = []
  const problems: Problem[] = []
  const refusals: Refusal[] = []
  const received: Delivery[] = []
  /** Every action, as `name(arguments)`. */
  const actions: { action: string; [detail: string]: unknown }[] = []
  const secrets: string[] = []

  const missing = (what: string, id: string) => ({ ok: false, status: 404, error: `no ${what} "${id}"` }) as const
  const parts: Parts = {
    mask: (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text),
    status: () => ({
      version: '0.1.0',
      started: now(),
      home: '/srv/outrider',
      engine: 'embedded',
      responses_enabled: true,
      next_step: {
        text: 'Send a signed GitHub event to see the first alert:',
        command: 'npx outrider send github --event push',
      },
    }),
    alerts: feed,
    problems: () => problems,
    engine: () => ({ rules: 42, decoders: 7, lists: 1, events: feed.last * 10, alerts: feed.last }),
    inputs: () => [{ name: '/var/log/auth.log', kind: 'file', state: 'ok', events: feed.last }],
    destinations: () => destinations,
    deliveries: {
      list: ({ destination, state, limit }) =>
        deliveries
          .filter((one) => (!destination || one.destination === destination) && (!state || one.state === state))
          .slice(0, limit),
      show: (id) => deliveries.find((one) => one.id === id),
      retry(id, by) {
        actions.push({ action: 'retry', id, by })
        return deliveries.some((one) => one.id === id) ? { ok: true, value: {} } : missing('delivery', id)
      },
      retryAll(destination, by) {
        actions.push({ action: 'retryAll', destination, by })
        const count = deliveries.filter((one) => one.destination === destination).length
        return { ok: true, value: { count } }
      },
      drop(id, manual) {
        if (!take(deliveries, (one) => one.id === id)) return missing('delivery', id)
        actions.push({ action: 'drop', id, ...manual })
        return { ok: true, value: {} }
      },
    },
    silences: {
      list: (all) => silences.filter(({ state }) => all || state !== 'over'),
      add({ since = now(), seconds, reason, by, ...match }) {
        if (match.where === 'rule.level >')
          return { ok: false, status: 400, error: 'where: unexpected end (column 13)', hint: 'comparisons, &&, ||' }
        const id = String(silences.length + 1)
        const until = since + seconds * 1000
        const silence = { id, match, what: describeMatch(match), created: now(), since, until, by, reason, held: {} }
        silences.push({ ...silence, state: 'in force' })
        actions.push({ action: 'silence', ...match, seconds, reason, by })
        return { ok: true, value: { ...silences.at(-1)!, fits: 1, of: 2 } }
      },
      end(id, manual) {
        const silence = silences.find((one) => one.id === id)
        if (!silence) return missing('silence', id)
        silence.state = 'over'
        actions.push({ action: 'end silence', id, ...manual })
        return { ok: true, value: silence }
      },
      audit: () => [],
    },
    blocks: {
      list: () => blocks,
      responses: () => ['firewall-drop'],
      hosts: () => hosts,
      add({ seconds, ...block }) {
        if (block.key === '127.0.0.1') {
          return { ok: false, status: 409, error: 'refused by guard "loopback": 127.0.0.1 is this machine' }
        }
        const id = `manual-${blocks.length + 1}`
        const until = seconds > 0 ? now() + seconds * 1000 : undefined
        blocks.push({
          id,
          response: block.response,
          key: block.key,
          state: 'in force',
          dry_run: false,
          since: now(),
          until,
          why: block.reason,
          by: block.by,
        })
        actions.push({ action: 'add', seconds, ...block })
        return { ok: true, value: { id } }
      },
      remove(id, manual) {
        if (!take(blocks, (one) => one.id === id)) return missing('block', id)
        actions.push({ action: 'remove', id, ...manual })
        return { ok: true, value: {} }
      },
      extend(id, seconds, manual) {
        const block = blocks.find((one) => one.id === id)
        if (!block) return missing('block', id)
        block.until = (block.until ?? now()) + seconds * 1000
        actions.push({ action: 'extend', id, seconds, ...manual })
        return { ok: true, value: { until: block.until } }
      },
      answer(id, approve, manual) {
        if (!blocks.some((block) => block.id === id)) return missing('block', id)
        actions.push({ action: 'answer', id, approve, ...manual })
        return { ok: true, value: {} }
      },
      answerAll(approve, manual, until) {
        actions.push({ action: 'answerAll', approve, until, ...manual })
        return { ok: true, value: { count: blocks.filter(({ asks }) => asks).length } }
      },
      history: (limit) => history.slice(0, limit),
      audit: (limit) => audit.slice(0, limit),
      allowed: () => allowed,
      allow(entry, seconds, manual) {
        allowed.push({ entry, ...manual, since: now(), until: seconds > 0 ? now() + seconds * 1000 : undefined })
        const undone = blocks.filter((block) => block.key === entry).length
        return { ok: true, value: { undone } }
      },
      disallow(entry, manual) {
        if (!take(allowed, (one) => one.entry === entry)) return missing('allowed entry', entry)
        actions.push({ action: 'disallow', entry, ...manual })
        return { ok: true, value: {} }
      },
    },
    refusals: () => refusals,
    receivers: {
      find: (path) => (path === '/webhook/github' ? { name: 'github', max_body: 1000 } : undefined),
      async receive(_name, delivery) {
        if (delivery.headers['x-signature'] !== 'right') {
          return { kind: 'refused', status: 401, reason: 'signature does not match' }
        }
        received.push(delivery)
        return { kind: 'accepted', id: '1', events: [{ push: true }] }
      },
    },
    logtest: {
      run: ({ event, token: session }) => ({
        codemsg: 0,
        token: session ?? '0a1b2c3d',
        alert: event.includes('Failed'),
        output: { full_log: event },
      }),
      close: (session) => ({
        codemsg: 0,
        messages: [`INFO: (7206): The session '${session}' was closed successfully`],
      }),
    },
  }
  return {
    parts,
    feed,
    destinations,
    deliveries,
    silences,
    blocks,
    history,
    audit,
    allowed,
    hosts,
    problems,
    refusals,
    received,
    actions,
    secrets,
  }
}

/** When {@link setUpApi} is asked. Milliseconds since 1970. */
export const now = 1_795_255_200_000

/** Takes the first that fits out of a list. @returns whether there was one */
function take<T>(list: T[], fits: (one: T) => boolean): boolean {
  const index = list.findIndex(fits)
  if (index >= 0) list.splice(index, 1)
  return index >= 0
}

/** The API over such parts, and a way to ask it as somebody who has the token. */
export function setUpApi() {
  const memory = memoryParts(() => now)
  const app = createApi(memory.parts, { token, hosts: [], console: '/nowhere', log: silent, now: () => now })
  const ask = async (method: string, path: string, body?: unknown) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    const answer = await app.request(`/api/${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, value: (await answer.json()) as Record<string, unknown> }
  }
  return { ...memory, app, ask }
}
