import assert from 'node:assert/strict'
import { test } from 'node:test'
import otx from './otx.ts'
import { addressAlert, domain, event, hash, ip, read, request, sha256, url } from './testing.ts'

const pulse = (name: string, more = {}) => ({ name, adversary: '', malware_families: [], tags: [], ...more })
const answer = {
  indicator: '8.8.4.4',
  validation: [],
  country_code: 'US',
  asn: 'AS15169',
  pulse_info: {
    count: 7,
    pulses: [
      pulse('one', {
        adversary: 'APT1',
        malware_families: [{ id: 'x', display_name: 'Mirai' }, 'Zeus'],
        tags: ['ssh'],
      }),
      ...['two', 'three', 'four', 'five', 'six', 'one'].map((name) => pulse(name)),
    ],
  },
}

test('asks in the section of each kind', () => {
  const path = (subject: Parameters<typeof request>[1]) =>
    request(otx, subject).url.slice('https://otx.alienvault.com'.length)
  assert.equal(path(ip), '/api/v1/indicators/IPv4/8.8.4.4/general')
  assert.equal(path({ kind: 'ip', value: '2001:4860::1' }), '/api/v1/indicators/IPv6/2001%3A4860%3A%3A1/general')
  assert.equal(path(hash), `/api/v1/indicators/file/${sha256}/general`)
  assert.equal(path(domain), '/api/v1/indicators/domain/evil.com/general')
  assert.equal(path({ kind: 'domain', value: 'www.evil.com' }), '/api/v1/indicators/hostname/www.evil.com/general')
  assert.equal(path(url), '/api/v1/indicators/url/http%3A%2F%2Fevil.com%2Fa%3Fb%3Dc/general')
  assert.equal(request(otx, ip).headers!['x-otx-api-key'], 'otx-api-key')
})

test('tells how many pulses, and what the first ones say', () => {
  assert.deepEqual(event(otx, ip, addressAlert(), answer), {
    otx: {
      found: 1,
      source: { alert_id: '1705314645.99', rule: '5760', ip: '8.8.4.4' },
      pulse_count: 7,
      pulses: ['one', 'two', 'three', 'four', 'five'],
      adversaries: ['APT1'],
      malware_families: ['Mirai', 'Zeus'],
      tags: ['ssh'],
      whitelisted: 0,
      country_code: 'US',
      asn: 'AS15169',
      permalink: 'https://otx.alienvault.com/indicator/ip/8.8.4.4',
    },
    integration: 'otx',
  })
  const popular = { ...answer, validation: [{ source: 'majestic', message: 'x' }] }
  assert.equal(event(otx, ip, addressAlert(), popular).otx.whitelisted, 1)
})

test('keeps silent about what stands in no pulse', () => {
  assert.equal(event(otx, ip, addressAlert(), { pulse_info: { count: 0, pulses: [] } }), undefined)
  assert.equal(event(otx, url, addressAlert(), { detail: 'endpoint not found' }, 404), undefined)
  assert.equal(read(otx, ip, { detail: 'x' }), undefined)
})
