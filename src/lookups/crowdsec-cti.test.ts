import assert from 'node:assert/strict'
import { test } from 'node:test'
import crowdsec from './crowdsec-cti.ts'
import { addressAlert, event, ip, read, request } from './testing.ts'

const answer = {
  ip: '8.8.4.4',
  reputation: 'malicious',
  confidence: 'high',
  background_noise: 'high',
  background_noise_score: 10,
  ip_range_score: 5,
  as_name: 'Example',
  as_num: 57523,
  location: { country: 'RU', city: null },
  reverse_dns: null,
  behaviors: [
    { name: 'http:scan', label: 'HTTP Scan', description: 'x' },
    { name: 'ssh:bruteforce', label: 'SSH', description: 'x' },
  ],
  history: {
    first_seen: '2022-06-14T21:30:00+00:00',
    last_seen: '2024-01-15T10:00:00+00:00',
    full_age: 1,
    days_age: 1,
  },
  classifications: { false_positives: [], classifications: [{ name: 'community-blocklist' }] },
  attack_details: [{ name: 'crowdsecurity/ssh-bf' }],
  mitre_techniques: [{ name: 'T1110' }],
  cves: ['CVE-2021-41773'],
  scores: { overall: { aggressiveness: 5, threat: 2, trust: 5, anomaly: 1, total: 4 } },
}

test('asks with the key in a header', () => {
  assert.deepEqual(request(crowdsec, ip), {
    method: 'GET',
    url: 'https://cti.api.crowdsec.net/v2/smoke/8.8.4.4',
    headers: { 'x-api-key': 'crowdsec-cti-api-key', accept: 'application/json' },
  })
})

test('tells the reputation and what the address was seen doing', () => {
  assert.deepEqual(event(crowdsec, ip, addressAlert(), answer), {
    crowdsec: {
      found: 1,
      source: { alert_id: '1705314645.99', rule: '5760', ip: '8.8.4.4' },
      reputation: 'malicious',
      confidence: 'high',
      background_noise: 'high',
      background_noise_score: 10,
      ip_range_score: 5,
      score: 4,
      as_name: 'Example',
      country: 'RU',
      first_seen: '2022-06-14T21:30:00+00:00',
      last_seen: '2024-01-15T10:00:00+00:00',
      behaviors: ['http:scan', 'ssh:bruteforce'],
      attacks: ['crowdsecurity/ssh-bf'],
      classifications: ['community-blocklist'],
      cves: ['CVE-2021-41773'],
      mitre_techniques: ['T1110'],
      permalink: 'https://app.crowdsec.net/cti/8.8.4.4',
    },
    integration: 'crowdsec-cti',
  })
})

test('keeps silent about an address that it does not know', () => {
  assert.equal(event(crowdsec, ip, addressAlert(), { message: 'IP address information not found' }, 404), undefined)
  assert.equal(read(crowdsec, ip, { message: 'Forbidden' }, 403), undefined)
})
