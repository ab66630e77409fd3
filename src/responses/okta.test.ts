import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpStep, Response } from '../define.ts'
import type { Store } from '../fakes/define.ts'
import fake from '../fakes/okta.ts'
import okta from './okta.ts'
import { against, keepsItsPromises } from './test-kit.ts'

type User = { id: string; status: string; profile: { login: string }; isMember?: boolean }
const put = ({ made }: Store, login: string, change: Partial<User>) =>
  void made.set(login, { id: `id-${login.split('@')[0]}`, status: 'ACTIVE', profile: { login }, ...change })
const suspended = ({ made }: Store) =>
  ([...made.values()] as unknown as User[])
    .filter(({ status }) => status === 'SUSPENDED')
    .map(({ profile }) => profile.login)
const item = (key: string) => ({ key, seconds: 600 })

test('keeps its promises, and leaves those alone whom an administrator has suspended', async (t) => {
  const { actor, store, counts } = await against(t, okta, fake)
  put(store, 'alice@example.com', { status: 'SUSPENDED' })
  await keepsItsPromises(actor, ['mallory@example.com', 'bob@example.com'], () => suspended(store))
  const failures = await actor.add([item('alice@example.com')])
  assert.equal(failures.get('alice@example.com')!.kind, 'nothing to do')
  assert.match(failures.get('alice@example.com')!.reason, /SUSPENDED in Okta, and not by us/)
  await actor.remove(['alice@example.com'])
  assert.deepEqual(suspended(store), ['alice@example.com'])
  assert.equal(counts.refused, 0)
})

test('interrupted between the mark and the suspension, it is finished or taken back', async (t) => {
  const { actor, store } = await against(t, okta, fake)
  put(store, 'mallory@example.com', { isMember: true })
  assert.deepEqual(await actor.list(), { keys: [] })
  await actor.remove(['mallory@example.com'])
  assert.equal(store.made.get('mallory@example.com')!.isMember, false)
  put(store, 'mallory@example.com', { isMember: true })
  assert.equal((await actor.add([item('mallory@example.com')])).size, 0)
  assert.deepEqual(suspended(store), ['mallory@example.com'])
})

test('a long group is read page by page', async (t) => {
  const { actor, store } = await against(t, okta, fake)
  for (let n = 0; n < 450; n++) put(store, `u${n}@example.com`, { status: 'SUSPENDED', isMember: true })
  const listed = (await actor.list()) as { keys: string[] }
  assert.equal(listed.keys.length, 450)
  assert.equal((await actor.remove(['u449@example.com'])).size, 0)
})

test('the next page is asked for at no other place', () => {
  const { options, list } = okta as unknown as Response
  const [step] = list!.steps(options.parse(okta.example)) as [HttpStep]
  const next = (link: string) => step.next!({ status: 200, headers: { link }, text: '[]' })
  assert.deepEqual(next('<https://evil.example/api/v1/x>; rel="next"'), [])
  const [more] = next('<https://example.okta.com/a>; rel="self", <https://example.okta.com/b?c=d>; rel="next"') as [
    HttpStep,
  ]
  assert.equal(more.url, 'https://example.okta.com/b?c=d')
})

test('who cannot be suspended, is not known or known by another name is told', async (t) => {
  const { actor, store } = await against(t, okta, fake)
  put(store, 'locked@example.com', { status: 'LOCKED_OUT' })
  put(store, 'gone@example.com', { status: 'DEPROVISIONED' })
  put(store, 'carol@other.example', {})
  const add = async (key: string) => (await actor.add([item(key)])).get(key)!
  assert.match((await add('locked@example.com')).reason, /is LOCKED_OUT, and Okta suspends none but/)
  assert.equal((await add('gone@example.com')).kind, 'nothing to do')
  assert.match((await add('nobody@example.com')).reason, /Okta knows no user "nobody@example.com"/)
  assert.match((await add('carol')).reason, /Okta takes "carol" for "carol@other.example": set the option domain/)
})

test('those who are never to be suspended are no target, however they are written', () => {
  const { options, key, parseKey } = okta as unknown as Response
  const all = options.parse({ ...okta.example, never: ['Break-Glass', 'ceo@other.example'] })
  const alert = (dstuser: string) => ({
    timestamp: '',
    id: '',
    rule: { level: 3, id: '1', description: '' },
    data: { dstuser },
  })
  for (const name of ['break-glass', 'BREAK-GLASS@example.com', 'CEO@other.example']) {
    assert.equal(key(alert(name), all), undefined)
    assert.equal(parseKey(name, all), undefined)
  }
  assert.equal(key(alert('Mallory'), all), 'mallory@example.com')
  assert.equal(parseKey('Mallory@Other.example', all), 'mallory@other.example')
})
