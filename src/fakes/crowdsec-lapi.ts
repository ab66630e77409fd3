import * as z from 'zod/mini'
import { isSingle, parseRange } from '../responses/ranges.ts'
import { anyText, credential, jsonBody } from './checks.ts'
import { Broken, defineFake, type FakeRequest, type Store } from './define.ts'

const machine = { machine_id: 'outrider', password: 'hR0xQ2cXnYw8' }
/** On an allow-list. */
const allowed = '192.0.2.99'

const login = z.looseObject({ machine_id: z.string(), password: z.string() })
const duration = z.string().check(z.regex(/^(\d+[hms])+$/, 'not a duration'))
const decision = z.looseObject({
  duration,
  origin: z.string(),
  scenario: z.string(),
  scope: z.string(),
  type: z.string(),
  value: z.string(),
})
const alerts = z.array(
  z.looseObject({
    ...{ scenario: z.string(), scenario_hash: anyText(), scenario_version: anyText(), message: z.string() },
    ...{ events_count: z.int(), capacity: z.int(), leakspeed: z.string(), simulated: z.boolean() },
    ...{ start_at: z.iso.datetime(), stop_at: z.iso.datetime(), events: z.array(z.unknown()) },
    source: z.looseObject({ scope: z.string(), value: z.string() }),
    decisions: z.optional(z.array(decision)),
  }),
)

interface Decision extends z.infer<typeof decision> {
  /** Milliseconds since 1970. */
  until: number
}

interface Alert {
  scenario: string
  decisions: Decision[]
}

export default defineFake({
  name: 'crowdsec-lapi',
  source: 'https://docs.crowdsec.net/docs/local_api/intro/',
  response: (url) => ({ url, ...machine }),

  routes: {
    'POST /v1/watchers/login'(request, store) {
      const given = jsonBody(request, login, { code: '400' })
      if (given.machine_id !== machine.machine_id || given.password !== machine.password)
        throw new Broken('incorrect Username or Password', 401)
      const token = `session-${store.next()}`
      sessions(store).add(token)
      return {
        status: 200,
        json: { code: 200, expire: new Date(store.now() + 3_600_000).toISOString(), token },
        did: 'login',
      }
    },
    'POST /v1/allowlists/check'(request, store) {
      allow(request, store)
      const { targets } = jsonBody(request, z.strictObject({ targets: z.array(z.string()) }))
      const results = targets
        .filter((target) => target === allowed)
        .map((target) => ({ target, allowlists: ['office'] }))
      return { status: 200, json: { results }, did: `${results.length} of ${targets.length} on an allow-list` }
    },
    'POST /v1/alerts'(request, store) {
      allow(request, store)
      const made = jsonBody(request, alerts).map(({ scenario, stop_at, decisions = [] }) => {
        const whole = decisions.map((one) => {
          const range = parseRange(one.value)
          if (!range || one.scope !== (isSingle(range) ? 'Ip' : 'Range'))
            throw new Broken(`"${one.value}" is no ${one.scope}`, 500)
          return { ...one, until: Date.parse(stop_at) + secondsIn(one.duration) * 1000 }
        })
        return { scenario, decisions: whole }
      })
      kept(store).push(...made)
      const count = made.reduce((sum, { decisions }) => sum + decisions.length, 0)
      return { status: 201, json: made.map((_, n) => String(n)), did: `${count} decisions` }
    },
    'GET /v1/alerts'(request, store) {
      allow(request, store)
      const { query } = request
      const isActive = ({ until }: Decision) => until > store.now()
      const found = kept(store).filter(
        ({ scenario, decisions }) =>
          [null, scenario].includes(query.get('scenario')) &&
          (query.get('has_active_decision') !== 'true' || decisions.some(isActive)),
      )
      const limit = Number(query.get('limit') ?? 100)
      const some = limit === 0 ? found : found.slice(0, limit)
      const left = ({ until }: Decision) => `${Math.round((until - store.now()) / 1000)}s`
      const json = some.map((one) => ({
        ...one,
        decisions: one.decisions.map(({ until: _, ...rest }, n) => ({ ...rest, duration: left(one.decisions[n]!) })),
      }))
      return { status: 200, json: json.length === 0 ? null : json, did: `${json.length} alerts` }
    },
    'DELETE /v1/decisions'(request, store) {
      allow(request, store)
      const { query } = request
      for (const name of query.keys())
        if (!['scope', 'value', 'scenario', 'type', 'origin', 'ip', 'range'].includes(name))
          throw new Broken(`'${name}' doesn't exist`, 500)
      let nbDeleted = 0
      for (const { decisions } of kept(store))
        for (const one of decisions) {
          const isMeant =
            one.until > store.now() &&
            ['scope', 'value', 'scenario'].every((name) => [null, one[name]].includes(query.get(name)))
          if (!isMeant) continue
          one.until = store.now()
          nbDeleted++
        }
      return { status: 200, json: { nbDeleted: String(nbDeleted) }, did: `${nbDeleted} decisions deleted` }
    },
  },

  refusal: ({ status, message }) => ({ status, json: status === 401 ? { code: 401, message } : { message } }),
})

function sessions({ made }: Store): Set<string> {
  const all = made.get('sessions') ?? { tokens: new Set() }
  made.set('sessions', all)
  return all.tokens as Set<string>
}

function kept({ made }: Store): Alert[] {
  const all = made.get('alerts') ?? { list: [] }
  made.set('alerts', all)
  return all.list as Alert[]
}

function allow(request: FakeRequest, store: Store): void {
  if (!sessions(store).has(credential(request, 'Bearer'))) throw new Broken('cookie token is empty', 401)
}

function secondsIn(text: string): number {
  const units = { h: 3600, m: 60, s: 1 }
  return [...text.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units],
    0,
  )
}
