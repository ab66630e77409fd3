import assert from 'node:assert/strict'
import { test } from 'node:test'
import mikrotik from './mikrotik.ts'
import { actorOf, fakeService, keepsItsPromises } from './test-kit.ts'

interface Entry {
  '.id': string
  list: string
  address: string
  comment?: string
  timeout?: string
}

test('keeps its promises, in both families, and leaves entries of others alone', async () => {
  const lists: Record<string, Entry[]> = {
    ip: [{ '.id': '*1', list: 'outrider', address: '192.0.2.9', comment: 'by hand' }],
    ipv6: [],
  }
  let last = 1
  const http = fakeService(({ method, path, query, headers, json }) => {
    assert.equal(headers.authorization, `Basic ${Buffer.from('outrider:secret').toString('base64')}`)
    const [, family, id] = /^\/rest\/(ip|ipv6)\/firewall\/address-list(?:\/(.+))?$/.exec(path)!
    const entries = lists[family!]!
    if (method === 'GET') return { json: entries.filter(({ list }) => list === query.get('list')) }
    if (method === 'PUT') {
      const entry = json as Omit<Entry, '.id'>
      // As RouterOS shows them: IPv6 addresses with their length.
      const address = family === 'ipv6' && !entry.address.includes('/') ? `${entry.address}/128` : entry.address
      if (entries.some((other) => other.address === address))
        return { status: 400, json: { error: 400, message: 'Bad Request', detail: 'failure: already have such entry' } }
      entries.push({ ...entry, address, '.id': `*${(++last).toString(16)}` })
      return { status: 201 }
    }
    assert.equal(method, 'DELETE')
    const at = entries.findIndex((entry) => entry['.id'] === id)
    if (at < 0) return { status: 404 }
    entries.splice(at, 1)
    return { status: 204 }
  })
  const actor = actorOf(
    mikrotik,
    { url: 'https://router.example.com/', username: 'outrider', password: 'secret' },
    http,
  )
  await actor.add([{ key: '203.0.113.5', seconds: 600 }])
  await actor.add([{ key: '203.0.113.5', seconds: 1200 }])
  assert.deepEqual(
    lists.ip!.slice(1).map(({ timeout }) => timeout),
    ['1200s'],
  )
  await actor.remove(['203.0.113.5'])
  const inForce = () =>
    Object.values(lists).flatMap((entries) => entries.map(({ address }) => address.replace('/128', '')))
  await keepsItsPromises(actor, ['203.0.113.5', '2001:db8::5', '198.51.100.0/24'], inForce)
})
