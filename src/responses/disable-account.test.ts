import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import disableAccount from './disable-account.ts'
import { actorOf, keepsItsPromises, standIns, tool } from './test-kit.ts'

/** passwd, with the locked accounts in a file beside it. */
const passwd = `#!/bin/sh
locked="\${0%/*}/locked"
touch "$locked"
[ "$2" = nobody-here ] && { echo "passwd: user '$2' does not exist" >&2; exit 1; }
case $1 in
  -S) grep -qx "$2" "$locked" && echo "$2 L 2026-01-15 0 99999 7 -1" || echo "$2 P 2026-01-15 0 99999 7 -1";;
  -l) grep -qx "$2" "$locked" || echo "$2" >> "$locked";;
  -u) grep -vx "$2" "$locked" > "$locked.new"; mv "$locked.new" "$locked";;
esac
`

function system(t: TestContext, lockedBefore: string[] = []) {
  const folder = standIns(t, { passwd })
  const file = join(folder, 'locked')
  writeFileSync(file, lockedBefore.map((name) => `${name}\n`).join(''))
  const actor = actorOf(disableAccount, { book: join(folder, 'lib', 'book') })
  const unlock = (name: string) => tool([join(folder, 'passwd'), '-u', name])
  return { actor, unlock, locked: () => readFileSync(file, 'utf8').split('\n').filter(Boolean) }
}

test('keeps its promises', async (t) => {
  const { actor, locked } = system(t, ['daemon'])
  await keepsItsPromises(actor, ['mallory', 'bob'], locked)
})

test('an account that an administrator has locked stays as it is, also afterwards', async (t) => {
  const { actor, locked } = system(t, ['alice'])
  const failures = await actor.add([{ key: 'alice', seconds: 600 }])
  assert.equal(failures.get('alice')!.kind, 'nothing to do')
  assert.match(failures.get('alice')!.reason, /alice is locked already, and not by us/)
  await actor.remove(['alice'])
  assert.deepEqual(locked(), ['alice'])
})

test('one that somebody has unlocked, or that is not there any more, is not in force', async (t) => {
  const { actor, unlock } = system(t)
  await actor.add(['mallory', 'bob', 'nobody-here'].map((key) => ({ key, seconds: 600 })))
  unlock('bob')
  assert.deepEqual(await actor.list(), { keys: ['mallory'] })
})

test('an account that is not there is a failure', async (t) => {
  const { actor } = system(t)
  const failures = await actor.add([{ key: 'nobody-here', seconds: 600 }])
  assert.match(failures.get('nobody-here')!.reason, /passwd: exit code 1: passwd: user 'nobody-here' does not exist/)
})
