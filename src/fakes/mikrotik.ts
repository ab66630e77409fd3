import * as z from 'zod/mini'
import { parseRange } from '../responses/ranges.ts'
import { basic, jsonBody } from './checks.ts'
import { Broken, defineFake, type FakeRequest, type Handler, type Store } from './define.ts'

const user = { username: 'outrider', password: 'YOUR_PASSWORD' }

const entry = z.strictObject({
  list: z.string().check(z.minLength(1)),
  address: z.string(),
  comment: z.optional(z.string()),
  timeout: z.optional(z.string().check(z.regex(/^(\d+[wdhms])+$/, 'not a time'))),
})

type Entry = z.infer<typeof entry> & { '.id': string }

function routesFor(family: 'ip' | 'ipv6'): Record<string, Handler> {
  const path = `/rest/${family}/firewall/address-list`
  const version = family === 'ip' ? 4 : 6
  const entries = ({ made }: Store) => {
    const kept = made.get(family) ?? { entries: [] }
    made.set(family, kept)
    return kept.entries as Entry[]
  }
  return {
    [`GET ${path}`](request, store) {
      allow(request)
      const some = entries(store).filter(({ list }) => [null, list].includes(request.query.get('list')))
      return { status: 200, json: some, did: `${some.length} entries` }
    },
    [`PUT ${path}`](request, store) {
      allow(request)
      const made = jsonBody(request, entry)
      const range = parseRange(made.address)
      if (range?.family !== version) throw new Broken(`"${made.address}" is not an address of IPv${version}`)
      // Addresses of IPv6 are shown with their length.
      const address = version === 6 && !made.address.includes('/') ? `${made.address}/128` : made.address
      if (entries(store).some((other) => other.list === made.list && other.address === address))
        throw new Broken('failure: already have such entry')
      const whole = { ...made, address, '.id': `*${store.next().toString(16).toUpperCase()}` }
      entries(store).push(whole)
      return { status: 201, json: whole, did: `${address} in the list ${made.list}` }
    },
    [`DELETE ${path}/{id}`](request, store) {
      allow(request)
      const all = entries(store)
      const at = all.findIndex((one) => one['.id'] === request.params.id)
      if (at < 0) throw new Broken('no such item', 404)
      const [gone] = all.splice(at, 1)
      return { status: 204, did: `${gone!.address} out of the list ${gone!.list}` }
    },
  }
}

export default defineFake({
  name: 'mikrotik',
  source: 'https://help.mikrotik.com/docs/spaces/ROS/pages/47579162/REST+API',
  response: (url) => ({ url, ...user }),
  routes: { ...routesFor('ip'), ...routesFor('ipv6') },
  refusal: ({ status, message }) => ({ status, json: { error: status, message: 'Bad Request', detail: message } }),
})

function allow(request: FakeRequest): void {
  const given = basic(request)
  if (given.user !== user.username || given.password !== user.password) throw new Broken('Unauthorized', 401)
}
