import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineEvent } from '../event.ts'
import { predecode } from './predecode.ts'

function predecoded(location: string, log = 'Jan 15 10:30:45 web app: hello'): EngineEvent | undefined {
  const event = new EngineEvent()
  return predecode(event, { log, location }, 'manager') ? event : undefined
}

test('takes agent, location and host from the location', () => {
  const cases: [location: string, expected: string][] = [
    ['/var/log/auth.log', '000 /var/log/auth.log web'],
    ['[001] (agent) 10.0.0.1->/x', '001 (agent) 10.0.0.1->/x agent'],
    ['[001] (agent 10.0.0.1->/x', '001 (agent 10.0.0.1->/x '],
    ['[001] 10.0.0.1->/x', '001 10.0.0.1->/x '],
    ['[001]', '001  '],
    ['(agent) any->/x', '000 (agent) any->/x web'],
    ['', '000  web'],
  ]
  for (const [location, expected] of cases) {
    const event = predecoded(location)
    assert.equal(event && [event.agent_id, event.location, event.hostname].join(' '), expected, location)
  }
})

test('gives local events without a host that of the manager', () => {
  assert.equal(predecoded('/x', 'no header')?.hostname, 'manager')
  assert.equal(predecoded('[001] (agent) any->/x', 'no header')?.hostname, 'agent')
})

test('drops an event whose location begins like an agent and is none', () => {
  assert.equal(predecoded('[001 (agent) any->/x'), undefined)
})

test('ends log and location where the original does', () => {
  const event = predecoded(`${'x'.repeat(9_000)}`, 'one\0two')
  assert.equal(event?.full_log, 'one')
  assert.equal(event?.log, 'one')
  assert.equal(event?.location.length, 8_450)
})
