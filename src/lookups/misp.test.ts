import assert from 'node:assert/strict'
import { test } from 'node:test'
import misp from './misp.ts'
import { addressAlert, event, ip, read, request } from './testing.ts'

const attribute = (event_id: string, more = {}) => ({
  id: '9',
  event_id,
  category: 'Network activity',
  type: 'ip-src',
  value: '8.8.4.4',
  comment: '',
  uuid: 'u',
  timestamp: '1705314000',
  to_ids: true,
  Event: { id: event_id, info: 'Scanners', org_id: '1', threat_level_id: '2' },
  Tag: [{ name: 'tlp:white' }],
  ...more,
})

test('searches the attributes that are meant for detection', () => {
  const { url, json, headers } = request(misp, ip)
  assert.equal(url, 'https://misp.example/attributes/restSearch')
  assert.equal(headers!.authorization, 'misp-auth-key')
  assert.deepEqual(json, {
    returnFormat: 'json',
    value: '8.8.4.4',
    limit: 25,
    includeEventTags: true,
    to_ids: true,
    enforceWarninglist: true,
  })
  const all = request(misp, ip, { hook_url: 'https://misp.example/sub/', to_ids: false, warninglists: false })
  assert.equal(all.url, 'https://misp.example/sub/attributes/restSearch')
  assert.deepEqual(all.json, { returnFormat: 'json', value: '8.8.4.4', limit: 25, includeEventTags: true })
})

test('tells the first attribute, and of the others their events', () => {
  const answer = { response: { Attribute: [attribute('12'), attribute('15', { Tag: [{ name: 'scan' }] })] } }
  assert.deepEqual(event(misp, ip, addressAlert(), answer), {
    misp: {
      found: 1,
      source: { alert_id: '1705314645.99', rule: '5760', ip: '8.8.4.4' },
      event_id: '12',
      event_info: 'Scanners',
      category: 'Network activity',
      type: 'ip-src',
      value: '8.8.4.4',
      uuid: 'u',
      timestamp: '1705314000',
      threat_level_id: '2',
      tags: ['tlp:white', 'scan'],
      events: ['12', '15'],
      attributes: 2,
      permalink: 'https://misp.example/events/view/12',
    },
    integration: 'misp',
  })
})

test('keeps silent about what is not there', () => {
  assert.equal(event(misp, ip, addressAlert(), { response: { Attribute: [] } }), undefined)
  assert.equal(read(misp, ip, { name: 'x' }), undefined)
  assert.equal(read(misp, ip, '<html>login</html>'), undefined)
})
