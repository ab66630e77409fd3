import { parseRange } from '../responses/ranges.ts'
import { header } from './checks.ts'
import { Broken, defineFake, type FakeAnswer, type Store } from './define.ts'

const api_key = 'LUFRPT1abcDEFghiJKLmnoPQRstu'

interface Registered {
  /** By tag, when it ends; 0 is never. Milliseconds since 1970. */
  tags: Record<string, number>
}

export default defineFake({
  name: 'paloalto',
  source:
    'https://docs.paloaltonetworks.com/ngfw/api/pan-os-xml-api-use-cases/apply-user-id-mapping-and-populate-dynamic-address-groups-api',
  response: (url) => ({ url, api_key }),

  routes: {
    'POST /api/'(request, store) {
      if (header(request, 'x-pan-key', 403) !== api_key) throw new Broken('Invalid Credential', 403, '16')
      if (request.headers['content-type'] !== 'application/x-www-form-urlencoded')
        throw new Broken('the body is no form', 400, '17')
      const form = new URLSearchParams(request.body.toString())
      const cmd = form.get('cmd') ?? ''
      if (form.get('type') === 'user-id') return update(cmd, store)
      if (form.get('type') === 'op') return list(cmd, store)
      throw new Broken(`no such type "${form.get('type')}"`, 400, '17')
    },
  },

  refusal: ({ status, message, code }) =>
    xml(status, `<response status="error" code="${code || 17}"><result><msg>${message}</msg></result></response>`),
})

function xml(status: number, text: string): FakeAnswer {
  return { status, headers: { 'content-type': 'application/xml; charset=UTF-8' }, text }
}

/** Timeouts have an end that is looked at when somebody asks. */
function registered({ made, now }: Store): Map<string, Registered> {
  for (const [ip, { tags }] of made as unknown as Map<string, Registered>) {
    for (const [tag, end] of Object.entries(tags)) if (end !== 0 && end <= now()) delete tags[tag]
    if (Object.keys(tags).length === 0) made.delete(ip)
  }
  return made as unknown as Map<string, Registered>
}

function update(cmd: string, store: Store): FakeAnswer {
  const payload =
    /^<uid-message>(?:<version>[\d.]+<\/version>)?<type>update<\/type><payload>(.*)<\/payload><\/uid-message>$/s.exec(
      cmd,
    )?.[1]
  const [, what, entries = ''] = /^<(register|unregister)>(.*)<\/\1>$/s.exec(payload ?? '') ?? []
  if (what === undefined) throw new Broken('the uid-message cannot be read', 400, '17')
  const all = registered(store)
  const wrong: string[] = []
  const form = /<entry ip="([^"]+)"><tag><member(?: timeout="(\d+)")?>([^<]+)<\/member><\/tag><\/entry>/gs
  const found = [...entries.matchAll(form)]
  if (found.map(([whole]) => whole).join('') !== entries) throw new Broken('an entry cannot be read', 400, '17')
  for (const [, ip = '', timeout = '0', tag = ''] of found) {
    const say = (message: string) => wrong.push(`<entry ip="${ip}" message="${message}"/>`)
    const range = parseRange(ip)
    if (!range || (range.family === 6 && range.prefix < 128)) say(`invalid ip ${ip}`)
    else if (Number(timeout) > 2_592_000) say('timeout is out of range')
    else if (what === 'register' && all.get(ip)?.tags[tag] !== undefined) say(`tag ${tag} already exists, ignore`)
    else if (what === 'register') {
      const end = timeout === '0' ? 0 : store.now() + Number(timeout) * 1000
      all.set(ip, { tags: { ...all.get(ip)?.tags, [tag]: end } })
    } else if (all.get(ip)?.tags[tag] === undefined) say(`tag ${tag} does not exist, ignore unreg`)
    else delete all.get(ip)!.tags[tag]
  }
  registered(store)
  const did = `${what} ${found.length - wrong.length}, ${all.size} are registered`
  const uid = (inner: string) => `<uid-response><version>2.0</version><payload>${inner}</payload></uid-response>`
  const text =
    wrong.length === 0
      ? `<response status="success"><result>${uid('')}</result></response>`
      : `<response status="error"><msg><line>${uid(`<${what}>${wrong.join('')}</${what}>`)}</line></msg></response>`
  return { ...xml(200, text), did }
}

function list(cmd: string, store: Store): FakeAnswer {
  const inner = /^<show><object><registered-ip>(.*)<\/registered-ip><\/object><\/show>$/.exec(cmd)?.[1]
  if (inner === undefined) throw new Broken('no such command', 400, '17')
  const tag = /<tag><entry name="([^"]+)"\/><\/tag>/.exec(inner)?.[1]
  const limit = Math.min(500, Number(/<limit>(\d+)<\/limit>/.exec(inner)?.[1] ?? 500))
  const start = Number(/<start-point>(\d+)<\/start-point>/.exec(inner)?.[1] ?? 1)
  const all = [...registered(store)].filter(([, { tags }]) => tag === undefined || tag in tags)
  const page = all.slice(start - 1, start - 1 + limit)
  const entries = page.map(([ip, { tags }]) => {
    const members = Object.keys(tags).map((one) => `<member>${one}</member>`)
    return `<entry ip="${ip}" from_agent="0" persistent="1"><tag>${members.join('')}</tag></entry>`
  })
  const text = `<response status="success"><result>${entries.join('')}<count>${page.length}</count></result></response>`
  return { ...xml(200, text), did: `${page.length} of ${all.length} addresses` }
}
