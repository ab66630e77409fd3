import * as z from 'zod/mini'
import { defineResponse, type HttpResponse, type HttpStep } from '../define.ts'
import { httpUrl, secretText, textOption, tls } from '../integrations/options.ts'
import { addressKey, parseAddressKey } from './keys.ts'
import { isSingle, parseRange } from './ranges.ts'

const options = z.object({
  url: httpUrl('Address of the firewall: https://firewall.example.com.'),
  api_key: secretText('Key of an administrator with the XML API rights User-ID Agent and Operational Requests.'),
  tag: z
    ._default(z.string().check(z.regex(/^[\w.-]{1,127}$/)), 'outrider')
    .check(z.describe('Tag that a dynamic address group matches. Nothing else may give it to addresses.')),
  vsys: textOption('Virtual system, such as vsys1. Default: that of the administrator.'),
  ...tls,
})

type Options = z.infer<typeof options>

/**
 * Registered addresses need no commit, and the firewall takes the tag away by itself after its timeout. One that has the tag already would keep its old end, so
 * it is taken away before it is given again. IPv6 networks cannot be registered, IPv4 networks from PAN-OS 10 on.
 */
export default defineResponse({
  name: 'paloalto',
  summary: 'Registers an address or network with a tag at a Palo Alto firewall, for a dynamic address group.',
  docs: 'https://docs.paloaltonetworks.com/ngfw/api/pan-os-xml-api-use-cases/apply-user-id-mapping-and-populate-dynamic-address-groups-api',
  options,
  example: { url: 'https://firewall.example.com', api_key: 'LUFRPT1abcDEFghiJKLmnoPQRstu' },
  acts_on: 'address',

  key: (alert) => known(addressKey(alert)),
  parseKey: (text) => known(parseAddressKey(text)),
  addMany: (items, options) => chunks(items).flatMap((some) => register(some, options)),
  deleteMany: (keys, options) => chunks(keys).map((some) => unregister(some, options)),
  list: {
    steps: (options) => [listFrom(1, options)],
    parse: (outputs, { tag }) => outputs.flatMap((xml) => tagged(xml, tag)),
  },
})

function known(key: string | undefined): string | undefined {
  const range = key === undefined ? undefined : parseRange(key)
  return range && (range.family === 4 || isSingle(range)) ? key : undefined
}

const chunks = <T>(items: readonly T[], most = 1000): T[][] =>
  Array.from({ length: Math.ceil(items.length / most) }, (_, n) => items.slice(n * most, (n + 1) * most))

/** 30 days is the most that PAN-OS takes. What is to last longer is put back when it has run out. */
const longest_s = 2_592_000

function register(items: readonly { key: string; seconds: number }[], options: Options): HttpStep[] {
  // 0 is for ever, here and there.
  const entry = ({ key, seconds }: { key: string; seconds: number }) =>
    `<entry ip="${key}"><tag><member timeout="${Math.min(seconds, longest_s)}">${options.tag}</member></tag></entry>`
  const keys = items.map(({ key }) => key)
  return [unregister(keys, options), update(`<register>${items.map(entry).join('')}</register>`, options)]
}

function unregister(keys: readonly string[], options: Options): HttpStep {
  const entry = (key: string) => `<entry ip="${key}"><tag><member>${options.tag}</member></tag></entry>`
  return update(`<unregister>${keys.map(entry).join('')}</unregister>`, options)
}

function update(payload: string, options: Options): HttpStep {
  const cmd = `<uid-message><version>1.0</version><type>update</type><payload>${payload}</payload></uid-message>`
  return {
    ...call('user-id', cmd, options),
    next({ text }) {
      if (succeeded(text)) return []
      // One line for each entry that something is wrong with; the others were done.
      const said = [...text.matchAll(/ message="([^"]*)"/g)].map(([, message = '']) => message)
      const wrong = said.filter((message) => !/(already exists, ignore|does not exist, ignore unreg)$/.test(message))
      if (wrong.length > 0 || said.length === 0) throw new Error(wrong[0] ?? errorIn(text))
      return []
    },
  }
}

/** As many as PAN-OS gives at a time. */
const pageSize = 500

function listFrom(start: number, options: Options): HttpStep {
  const what = `<tag><entry name="${options.tag}"/></tag><limit>${pageSize}</limit><start-point>${start}</start-point>`
  return {
    ...call('op', `<show><object><registered-ip>${what}</registered-ip></object></show>`, options),
    next({ text }: HttpResponse) {
      if (!succeeded(text)) throw new Error(errorIn(text))
      const isLast = [...text.matchAll(/<entry\b/g)].length < pageSize
      return isLast ? [] : [listFrom(start + pageSize, options)]
    },
  }
}

/** In a form, since a change of a thousand is too long for an address; the key in a header, for forms end up in logs. */
function call(type: 'user-id' | 'op', cmd: string, { url, api_key, vsys }: Options): HttpStep {
  return {
    url: `${url.replace(/\/+$/, '')}/api/`,
    headers: { 'x-pan-key': api_key, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ type, ...(vsys !== undefined && { vsys }), cmd }).toString(),
  }
}

/** The status code is 200 for most errors, too. */
const succeeded = (xml: string) => /<response\b[^>]*\bstatus\s*=\s*["']success["']/.test(xml)

function errorIn(xml: string): string {
  const text = xml.replace(/<!\[CDATA\[|\]\]>/g, '').replace(/<[^>]*>/g, ' ')
  return `PAN-OS answers: ${text.replace(/\s+/g, ' ').trim().slice(0, 200) || 'no success'}`
}

/** `<entry ip="203.0.113.5" from_agent="0" persistent="1"><tag><member>outrider</member></tag></entry>` */
function tagged(xml: string, tag: string): string[] {
  return [...xml.matchAll(/<entry\b[^>]*\bip="([^"]+)"[^>]*>(.*?)<\/entry>/gs)].flatMap(([, ip = '', tags = '']) => {
    const has = [...tags.matchAll(/<member\b[^>]*>([^<]*)<\/member>/g)].some(([, one]) => one!.trim() === tag)
    const key = has ? parseAddressKey(ip) : undefined
    return key === undefined ? [] : [key]
  })
}
