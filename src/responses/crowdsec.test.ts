import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import crowdsec from './crowdsec.ts'
import { actorOf, keepsItsPromises, standIns } from './test-kit.ts'

/** cscli decisions: import, delete, list; the decisions are in a file beside it. 192.0.2.99 is on the allow-list. */
const cscli = `#!${process.execPath}
const { readFileSync, writeFileSync } = require('node:fs')
const { dirname, join } = require('node:path')
const file = join(dirname(process.argv[1]), 'decisions')
const decisions = JSON.parse(readFileSync(file, 'utf8'))
const [what, ...args] = process.argv.slice(3)
const option = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined)
if (process.argv[2] !== 'decisions') process.exit(1)
if (what === 'import') {
  if (option('-i') !== '-' || option('--format') !== 'json') process.exit(1)
  for (const { reason, ...decision } of JSON.parse(readFileSync(0, 'utf8'))) {
    if (decision.value === '192.0.2.99') console.log('Value 192.0.2.99 is allowlisted by office')
    else decisions.push({ ...decision, scenario: reason, origin: 'cscli-import' })
  }
} else if (what === 'delete') {
  const value = option('--value')
  if (option('--scope') !== (value.includes('/') ? 'Range' : 'Ip')) process.exit(1)
  for (let n = decisions.length - 1; n >= 0; n--)
    if (decisions[n].value === value && decisions[n].scenario === option('--scenario')) decisions.splice(n, 1)
} else if (what === 'list') {
  const some = decisions.filter(({ origin }) => origin === option('--origin'))
  console.log(some.length === 0 ? 'null' : JSON.stringify([{ decisions: some }]))
} else process.exit(1)
writeFileSync(file, JSON.stringify(decisions))
`

test('keeps its promises, and leaves CrowdSec’s own decisions alone', async (t) => {
  const folder = standIns(t, { cscli })
  const file = join(folder, 'decisions')
  const own = {
    value: '203.0.113.5',
    scenario: 'crowdsecurity/ssh-bf',
    origin: 'crowdsec',
    duration: '4h',
    scope: 'Ip',
  }
  const over = { value: '203.0.113.8', scenario: 'outrider', origin: 'cscli-import', duration: '-2m', scope: 'Ip' }
  writeFileSync(file, JSON.stringify([own, over]))
  const read = () => JSON.parse(readFileSync(file, 'utf8')) as { value: string; duration: string; scope: string }[]
  const actor = actorOf(crowdsec, {})
  await actor.add([
    { key: '198.51.100.7', seconds: 600 },
    { key: '198.51.100.0/24', seconds: 0 },
  ])
  assert.deepEqual(
    read()
      .slice(2)
      .map(({ value, duration, scope }) => [value, duration, scope]),
    [
      ['198.51.100.7', '600s', 'Ip'],
      ['198.51.100.0/24', '315360000s', 'Range'],
    ],
  )
  const failures = await actor.add([{ key: '192.0.2.99', seconds: 60 }])
  assert.match(failures.get('192.0.2.99')!.reason, /not in force, though the command said so/)
  await actor.remove(['198.51.100.7', '198.51.100.0/24'])
  await keepsItsPromises(actor, ['203.0.113.6', '2001:db8::5'], () => [...new Set(read().map(({ value }) => value))])
})
