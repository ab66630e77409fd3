import assert from 'node:assert/strict'
import { test } from 'node:test'
import { locationOf, queueMessage, readQueueMessage } from './queue-message.ts'

test('an event about an alert of the manager comes from the name alone', () => {
  for (const agent of [
    undefined,
    { id: '000', name: 'siem' },
    {} as { id: string },
    { id: '0]1' },
    7 as unknown as { id: string },
  ])
    assert.equal(locationOf('virustotal', agent), 'virustotal')
})

test('an event about an alert of an agent comes from that agent', () => {
  assert.equal(
    locationOf('virustotal', { id: '001', name: 'web-01', ip: '10.0.0.7' }),
    '[001] (web-01) 10.0.0.7->virustotal',
  )
  assert.equal(locationOf('otx', { id: '012', name: 'web' }), '[012] (web) any->otx')
  assert.equal(locationOf('otx', { id: '012', name: 'a) b->(\n', ip: 'any' }), '[012] (a b-) any->otx')
})

test('colons and bars of the agent are escaped as Wazuh does, and come back', () => {
  for (const [location, written] of [
    ['virustotal', '1:virustotal:{"a":"b:c|d"}'],
    ['[001] (web|1) 2001:db8::7->virustotal', '1:[001] (web||1) 2001|:db8|:|:7->virustotal:{"a":"b:c|d"}'],
  ] as const) {
    const event = { location, log: '{"a":"b:c|d"}' }
    assert.equal(queueMessage(event), written)
    assert.deepEqual(readQueueMessage(written), event)
  }
})

test('reads what Wazuh would, and nothing else', () => {
  assert.deepEqual(readQueueMessage('1:a|b|:c:x'), { location: 'ab:c', log: 'x' })
  for (const text of ['', '1:', '1:only a location', '2:a:b', '1:a|:b']) assert.equal(readQueueMessage(text), undefined)
})
