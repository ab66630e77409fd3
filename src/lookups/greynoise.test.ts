import assert from 'node:assert/strict'
import { test } from 'node:test'
import greynoise from './greynoise.ts'
import { addressAlert, event, ip, read, request } from './testing.ts'

const answer = {
  ip: '8.8.4.4',
  noise: true,
  riot: false,
  classification: 'malicious',
  name: 'unknown',
  link: 'https://viz.greynoise.io/ip/8.8.4.4',
  last_seen: '2024-01-15',
  message: 'Success',
}

test('asks with the key, or without one', () => {
  assert.deepEqual(request(greynoise, ip), {
    method: 'GET',
    url: 'https://api.greynoise.io/v3/community/8.8.4.4',
    headers: { accept: 'application/json', key: 'greynoise-api-key' },
  })
  assert.deepEqual(request(greynoise, ip, { api_key: undefined }).headers, { accept: 'application/json' })
})

test('tells noise and known services, and keeps silent about all others', () => {
  assert.deepEqual(event(greynoise, ip, addressAlert(), answer), {
    greynoise: {
      found: 1,
      source: { alert_id: '1705314645.99', rule: '5760', ip: '8.8.4.4' },
      noise: true,
      riot: false,
      classification: 'malicious',
      name: 'unknown',
      last_seen: '2024-01-15',
      permalink: 'https://viz.greynoise.io/ip/8.8.4.4',
    },
    integration: 'greynoise',
  })
  const nothing = { ip: '8.8.4.4', noise: false, riot: false, message: 'IP not observed scanning the internet' }
  assert.equal(event(greynoise, ip, addressAlert(), nothing, 404), undefined)
  assert.equal(event(greynoise, ip, addressAlert(), nothing), undefined)
  assert.equal(read(greynoise, ip, { plan: 'unauthenticated' }), undefined)
})
