import assert from 'node:assert/strict'
import { test } from 'node:test'
import opnsense from './opnsense.ts'
import { actorOf, fakeService, keepsItsPromises } from './test-kit.ts'

const options = { url: 'https://fw.example.com', api_key: 'key', api_secret: 'secret' }
const basic = `Basic ${Buffer.from('key:secret').toString('base64')}`

test('keeps its promises, and leaves addresses of others alone', async () => {
  const table = new Set(['192.0.2.9'])
  const http = fakeService(({ method, path, headers, json }) => {
    assert.equal(headers.authorization, basic)
    const [, what] = /^\/api\/firewall\/alias_util\/(add|delete|list)\/outrider$/.exec(path)!
    if (what === 'list') return { json: { total: table.size, rows: [...table].map((ip) => ({ ip })) } }
    assert.equal(method, 'POST')
    const { address } = json as { address: string }
    if (what === 'add') table.add(address)
    else table.delete(address)
    return { json: { status: 'done' } }
  })
  const actor = actorOf(opnsense, options, http)
  await keepsItsPromises(actor, ['203.0.113.5', '2001:db8::5', '198.51.100.0/24'], () => [...table])
})

test('an answer other than done is a failure, and so is one that was not done', async () => {
  const add = (status: string) =>
    actorOf(
      opnsense,
      options,
      fakeService(({ method }) => ({ json: method === 'GET' ? [] : { status } })),
    ).add([{ key: '203.0.113.5', seconds: 60 }])
  assert.match((await add('failed')).get('203.0.113.5')!.reason, /the firewall answers "failed"/)
  assert.match((await add('done')).get('203.0.113.5')!.reason, /not in force, though the command said so/)
})
