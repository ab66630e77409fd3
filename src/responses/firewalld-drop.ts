import * as z from 'zod/mini'
import { type Command, defineResponse } from '../define.ts'
import { addressKey, parseAddressKey } from './keys.ts'

type Options = { zone?: string | undefined }

/**
 * Rich rules of the running configuration, which firewalld ends by itself after the timeout. A priority of our own, before that of usual rules, is the mark by
 * which they are known. A rule that is there keeps its old end, so it is taken away before it is put back.
 */
export default defineResponse({
  name: 'firewalld-drop',
  summary: 'Drops all packets from an address or network, with firewalld.',
  docs: 'https://firewalld.org/documentation/man-pages/firewalld.richlanguage.html',
  options: z.object({
    zone: z
      .optional(z.string().check(z.regex(/^[\w.-]+$/)))
      .check(z.describe('Zone that the rules belong to. Default: the default zone.')),
  }),
  example: { zone: 'public' },
  acts_on: 'address',
  needs_root: true,

  key: (alert) => addressKey(alert),
  parseKey: parseAddressKey,
  add(key, seconds, options) {
    const timeout = seconds > 0 ? [`--timeout=${seconds}`] : []
    return [removal(key, options), firewallCmd(options, `--add-rich-rule=${ruleFor(key)}`, ...timeout)]
  },
  delete: (key, options) => [removal(key, options)],
  list: {
    steps: (options) => [firewallCmd(options, '--list-rich-rules')],
    parse: ([output = '']) =>
      output.split('\n').flatMap((line) => {
        const address = isOurs.test(line) && /source address="([^"]+)"/.exec(line)?.[1]
        return (address && parseAddressKey(address)) || []
      }),
  },
})

const priority = -7411
const isOurs = new RegExp(`priority="${priority}"`)

function firewallCmd({ zone }: Options, ...args: string[]): Command {
  return { argv: ['firewall-cmd', ...(zone === undefined ? [] : [`--zone=${zone}`]), ...args] }
}

/** A rule that is not there is a warning (NOT_ENABLED), and the exit code 0. */
function removal(key: string, options: Options): Command {
  return firewallCmd(options, `--remove-rich-rule=${ruleFor(key)}`)
}

function ruleFor(key: string): string {
  const family = key.includes(':') ? 'ipv6' : 'ipv4'
  return `rule priority="${priority}" family="${family}" source address="${key}" drop`
}
