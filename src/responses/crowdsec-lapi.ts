import * as z from 'zod/mini'
import { defineResponse, type HttpRequest, type HttpStep, NothingToDo } from '../define.ts'
import { httpUrl, jsonOf, secretText, tls } from '../integrations/options.ts'
import { decisionOptions, durationOf, keysOf, scopeOf } from './crowdsec-decisions.ts'
import { addressKey, parseAddressKey } from './keys.ts'

const options = z.object({
  url: z._default(httpUrl('Address of the local API.'), 'http://127.0.0.1:8080'),
  machine_id: z.string().check(z.minLength(1), z.describe('Name of the machine: cscli machines add outrider --auto.')),
  password: secretText('Password of the machine.'),
  ...decisionOptions,
  ...tls,
})

type Options = z.infer<typeof options>

/**
 * As cscli does it, but from any machine and without root: a session as a machine, an alert that carries its decisions. They end by themselves, and there may be
 * several for one address: the last to end counts, and a delete takes all of ours. The API does not look at allow-lists when decisions come with an alert, so we ask first.
 */
export default defineResponse({
  name: 'crowdsec-lapi',
  summary: 'Makes a CrowdSec decision for an address or network through the local API of any CrowdSec.',
  docs: 'https://docs.crowdsec.net/docs/local_api/intro/',
  options,
  example: { url: 'http://127.0.0.1:8080', machine_id: 'outrider', password: 'hR0xQ2cXnYw8' },
  acts_on: 'address',

  key: (alert) => addressKey(alert),
  parseKey: parseAddressKey,
  addMany: (items, options) => [make(items, options)],
  deleteMany: (keys, options) => [remove(keys, options)],
  list: {
    steps: (options) => [
      session(options, (call) => {
        const query = new URLSearchParams({
          scenario: options.scenario,
          has_active_decision: 'true',
          include_capi: 'false',
          limit: '0',
        })
        return [call('GET', `alerts?${query}`)]
      }),
    ],
    // The first is the answer with the token.
    parse([, text = ''], { scenario }) {
      return keysOf(JSON.parse(text), scenario)
    },
  },
})

type Call = (method: HttpRequest['method'], path: string) => HttpRequest

function session({ url, machine_id, password }: Options, next: (call: Call) => HttpStep[]): HttpStep {
  const base = `${url.replace(/\/+$/, '')}/v1`
  return {
    url: `${base}/watchers/login`,
    json: { machine_id, password, scenarios: [] },
    next({ text }) {
      const headers = { authorization: `Bearer ${jsonOf(text).token}` }
      return next((method, path) => ({ method, url: `${base}/${path}`, headers }))
    },
  }
}

function make(items: readonly { key: string; seconds: number }[], options: Options): HttpStep {
  const { scenario, type } = options
  const decisions = items.map(({ key, seconds }) => ({
    duration: durationOf(seconds),
    origin: 'cscli',
    scenario,
    scope: scopeOf(key),
    type,
    value: key,
  }))
  const [first] = items
  const source = items.length === 1 ? { scope: scopeOf(first!.key), value: first!.key } : { scope: '', value: '' }
  const alert = {
    ...{ scenario, scenario_hash: '', scenario_version: '', message: `outrider: ${items.length} decisions` },
    ...{ events_count: items.length, capacity: 0, leakspeed: '0', simulated: false, events: [], remediation: true },
    ...{ source, decisions },
  }
  return session(options, (call) => [
    {
      ...call('POST', 'allowlists/check'),
      json: { targets: items.map(({ key }) => key) },
      // An older CrowdSec has none.
      fine: [404, 405],
      next({ text }) {
        refuseAllowed(text, items.length)
        // A decision's time is counted from the end of its alert.
        const at = (now: number) => {
          const time = new Date(now).toISOString()
          return { json: [{ ...alert, start_at: time, stop_at: time }] }
        }
        return [{ ...call('POST', 'alerts'), json: [alert], at }]
      },
    },
  ])
}

/** @param count of those that were asked about; of many, each is then looked at by itself */
function refuseAllowed(text: string, count: number): void {
  const { results } = jsonOf(text) as { results?: { target: string; allowlists?: string[] }[] | null }
  const found = results?.find(({ allowlists = [] }) => allowlists.length > 0)
  if (!found) return
  const reason = `${found.target} is on the allow-list ${found.allowlists!.join(', ')} of CrowdSec`
  throw count === 1 ? new NothingToDo(reason) : new Error(reason)
}

function remove(keys: readonly string[], options: Options): HttpStep {
  const path = (key: string) =>
    `decisions?${new URLSearchParams({ scope: scopeOf(key), value: key, scenario: options.scenario })}`
  return session(options, (call) => keys.map((key) => call('DELETE', path(key))))
}
