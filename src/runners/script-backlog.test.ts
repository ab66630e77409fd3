import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { DeliveryRunner } from '../delivery/index.ts'
import { drainSpools } from './script-backlog.ts'
import { openSpool } from './script-spool.ts'

test('what scripts have kept goes to the destinations of their names, and stays where there is none or no room', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'outrider-backlog-'))
  t.after(() => rmSync(home, { recursive: true }))
  for (const name of ['custom-slack', 'custom-jira', 'custom-full', 'other'])
    for (const n of [1, 2]) openSpool(home, name).keep(`{"id":"${n}"}`, n)
  const taken: string[] = []
  const delivery = {
    status: () => [
      { name: 'slack', type: 'slack' },
      { name: 'custom-jira', type: 'script' },
      { name: 'custom-full', type: 'webhook' },
    ],
    take(destination: string, line: string, reason: string) {
      taken.push(`${destination} ${line} ${reason}`)
      return destination === 'slack'
    },
  } as unknown as DeliveryRunner
  const quiet = () => {}
  const told: string[] = []
  const log = { debug: quiet, warn: quiet, error: quiet, info: (message: string) => void told.push(message) }
  await drainSpools({ home, delivery, log })
  assert.deepEqual(taken.sort(), [
    'custom-full {"id":"1"} kept by custom-full while no Outrider ran',
    'slack {"id":"1"} kept by custom-slack while no Outrider ran',
    'slack {"id":"2"} kept by custom-slack while no Outrider ran',
  ])
  const left = ['custom-slack', 'custom-jira', 'custom-full', 'other'].map((name) => openSpool(home, name).count())
  assert.deepEqual(left, [0, 2, 2, 2])
  assert.deepEqual(told, ['slack: took over 2 alerts that custom-slack had kept'])
})

test('an error while one script is looked at leaves the others, and the next look, alone', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'outrider-backlog-'))
  t.after(() => rmSync(home, { recursive: true }))
  for (const name of ['custom-jira', 'custom-slack']) openSpool(home, name).keep('{"id":"1"}', 1)
  const taken: string[] = []
  const delivery = {
    status: () => ['jira', 'slack'].map((name) => ({ name, type: name })),
    take(destination: string) {
      if (destination === 'jira') throw new Error('out of luck')
      return taken.push(destination) > 0
    },
  } as unknown as DeliveryRunner
  const quiet = () => {}
  const told: string[] = []
  const log = { debug: quiet, warn: (message: string) => void told.push(message), error: quiet, info: quiet }
  await drainSpools({ home, delivery, log })
  assert.deepEqual(taken, ['slack'])
  assert.deepEqual(told, ['jira: what custom-jira has kept cannot be taken over: out of luck'])
})
