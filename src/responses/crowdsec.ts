import * as z from 'zod/mini'
import { type Command, defineResponse } from '../define.ts'
import { decisionOptions, durationOf, keysOf, scopeOf } from './crowdsec-decisions.ts'
import { addressKey, parseAddressKey } from './keys.ts'

const options = z.object({
  ...decisionOptions,
})

type Options = z.infer<typeof options>

/**
 * Through `cscli`, which knows where the local API is and has the credentials for it. Decisions end by themselves, and there may be several for one
 * address: the last to end counts, and a delete takes all of ours. Addresses on an allow-list of CrowdSec are left out by cscli without an error, which
 * our look at the list then tells.
 */
export default defineResponse({
  name: 'crowdsec',
  summary: 'Makes a CrowdSec decision for an address or network, which its bouncers then carry out.',
  docs: 'https://docs.crowdsec.net/docs/cscli/cscli_decisions/',
  options,
  example: {},
  acts_on: 'address',
  needs_root: true,

  key: (alert) => addressKey(alert),
  parseKey: parseAddressKey,
  addMany: (items, options) => make(items, options),
  delete: (key, options) => remove([key], options),
  list: {
    // The filter by scenario looks at the alert around the decisions, and an import has one of its own.
    steps: () => [{ argv: ['cscli', 'decisions', 'list', '--origin', 'cscli-import', '--limit', '0', '-o', 'json'] }],
    parse([text = ''], { scenario }) {
      return keysOf(JSON.parse(text.trim() || '[]'), scenario)
    },
  },
})

function make(items: readonly { key: string; seconds: number }[], { type, scenario }: Options): Command[] {
  const decisions = items.map(({ key, seconds }) => ({
    duration: durationOf(seconds),
    reason: scenario,
    scope: scopeOf(key),
    type,
    value: key,
  }))
  return [{ argv: ['cscli', 'decisions', 'import', '-i', '-', '--format', 'json'], stdin: JSON.stringify(decisions) }]
}

function remove(keys: readonly string[], { scenario }: Options): Command[] {
  return keys.map((key) => ({
    // `--ip` would also take the ranges that it lies in.
    argv: ['cscli', 'decisions', 'delete', '--scope', scopeOf(key), '--value', key, '--scenario', scenario],
  }))
}
