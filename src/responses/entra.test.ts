import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpStep, Response } from '../define.ts'
import type { Store } from '../fakes/define.ts'
import fake, { type User } from '../fakes/entra.ts'
import entra from './entra.ts'
import { against, keepsItsPromises } from './test-kit.ts'

const put = ({ made }: Store, name: string, change: Partial<User>) =>
  void made.set(name, { id: `id-${name.split('@')[0]}`, userPrincipalName: name, accountEnabled: true, ...change })
const disabled = ({ made }: Store) =>
  ([...made.values()] as unknown as User[])
    .filter(({ accountEnabled }) => accountEnabled === false)
    .map(({ userPrincipalName }) => userPrincipalName)
const item = (key: string) => ({ key, seconds: 600 })

test('keeps its promises, and leaves those alone whom an administrator has disabled', async (t) => {
  const { actor, store, counts } = await against(t, entra, fake)
  put(store, 'alice@example.com', { accountEnabled: false })
  await keepsItsPromises(actor, ['mallory@example.com', 'bob@example.com'], () => disabled(store))
  const failures = await actor.add([item('alice@example.com')])
  assert.equal(failures.get('alice@example.com')!.kind, 'nothing to do')
  assert.match(failures.get('alice@example.com')!.reason, /alice@example\.com is disabled already, and not by us/)
  await actor.remove(['alice@example.com'])
  assert.deepEqual(disabled(store), ['alice@example.com'])
  assert.equal(counts.refused, 0)
})

test('ends the sessions, unless told otherwise', async (t) => {
  for (const revoke_sessions of [true, false]) {
    const { actor, store } = await against(t, entra, fake, { revoke_sessions })
    await actor.add([item('mallory@example.com')])
    assert.equal(store.made.get('mallory@example.com')!.revoked, revoke_sessions ? 1 : undefined)
  }
})

test('interrupted between the mark and the change, it is finished or taken back', async (t) => {
  const { actor, store } = await against(t, entra, fake)
  put(store, 'mallory@example.com', { isMember: true })
  assert.deepEqual(await actor.list(), { keys: [] })
  assert.equal((await actor.add([item('mallory@example.com')])).size, 0)
  assert.deepEqual(disabled(store), ['mallory@example.com'])
  put(store, 'bob@example.com', { isMember: true })
  await actor.remove(['bob@example.com'])
  assert.equal(store.made.get('bob@example.com')!.isMember, false)
})

test('a long group is read page by page', async (t) => {
  const { actor, store } = await against(t, entra, fake)
  for (let n = 0; n < 2500; n++) put(store, `u${n}@example.com`, { accountEnabled: false, isMember: true })
  const listed = (await actor.list()) as { keys: string[] }
  assert.equal(listed.keys.length, 2500)
})

test('what the sign-in service or Graph refuses is told without a secret', async (t) => {
  const add = async (options: Record<string, unknown>, key = 'mallory@example.com') => {
    const { actor } = await against(t, entra, fake, options)
    return (await actor.add([item(key)])).get(key)!.reason
  }
  assert.match(await add({ client_secret: 'wrong' }), /HTTP 401 .*invalid client secret provided/)
  assert.match(await add({ group_id: 'other' }), /HTTP 404 .*Resource 'other' does not exist/)
  assert.match(await add({}, 'nobody@example.com'), /Entra knows no user "nobody@example.com"/)
})

test('the token goes to Graph alone', () => {
  const { options, list } = entra as unknown as Response
  const [login] = list!.steps(options.parse(entra.example)) as [HttpStep]
  assert.equal(login.url, 'https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/oauth2/v2.0/token')
  const answer = (json: unknown) => ({ status: 200, headers: {}, text: JSON.stringify(json) })
  const [members] = login.next!(answer({ access_token: 'abc' })) as [HttpStep]
  assert.deepEqual(members.headers, { authorization: 'Bearer abc' })
  assert.deepEqual(members.next!(answer({ '@odata.nextLink': 'https://evil.example/v1.0/x', value: [] })), [])
  assert.throws(() => login.next!(answer({})), /gave no token/)
})
