import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import maltiverse from './maltiverse.ts'
import {
  addressAlert,
  domain,
  event,
  fileAlert,
  ip,
  md5,
  read,
  request,
  sha1,
  sha256,
  subjects,
  url,
} from './testing.ts'

const answer = {
  blacklist: [
    { description: 'Malicious IP', source: 'B' },
    {
      description: 'Botnet',
      source: 'A',
      external_references: [
        { source_name: 'mitre-attack', external_id: 'T1110', url: 'u0', description: 'no software' },
        { source_name: 'mitre-attack', external_id: 'S0266', url: 'u1', description: 'TrickBot' },
      ],
    },
    { description: 'Botnet', source: 'B' },
  ],
  classification: 'malicious',
  type: 'ip',
  creation_time: '2022-01-01',
  modification_time: '2022-01-02',
}

test('asks the paths of Wazuh, with the key as a bearer', () => {
  const path = (subject: Parameters<typeof request>[1]) => new URL(request(maltiverse, subject).url).pathname
  assert.equal(path({ kind: 'hash', value: md5 }), `/sample/md5/${md5}`)
  assert.equal(path({ kind: 'hash', value: sha1 }), `/sample/sha1/${sha1}`)
  assert.equal(path({ kind: 'hash', value: sha256 }), `/sample/${sha256}`)
  assert.equal(path(ip), '/ip/8.8.4.4')
  assert.equal(path(domain), '/hostname/evil.com')
  assert.equal(path(url), `/url/${createHash('sha256').update(url.value).digest('hex')}`)
  assert.equal(request(maltiverse, ip).headers!.authorization, 'Bearer maltiverse-api-key')
  assert.deepEqual(subjects(maltiverse, fileAlert()), [`hash ${md5}`])
})

test('the event has the fields of Wazuh', () => {
  assert.deepEqual(event(maltiverse, ip, addressAlert(), answer), {
    integration: 'maltiverse',
    alert_id: '1705314645.99',
    maltiverse: { source: answer },
    threat: {
      indicator: {
        name: '8.8.4.4',
        type: 'ipv4-addr',
        description: 'Botnet, Malicious IP',
        provider: 'A, B',
        first_seen: '2022-01-01',
        modified_at: '2022-01-02',
        last_seen: '2022-01-02',
        confidence: 'High',
        sightings: 3,
        reference: 'https://maltiverse.com/ip/8.8.4.4',
        ip: '8.8.4.4',
      },
      software: { id: 'S0266', reference: 'u1', name: 'TrickBot' },
    },
  })
})

test('the confidence is that of Wazuh', () => {
  for (const [classification, sightings, confidence] of [
    ['malicious', 2, 'High'],
    ['malicious', 1, 'Medium'],
    ['suspicious', 2, 'Medium'],
    ['suspicious', 0, 'Low'],
    ['neutral', 2, 'Low'],
    ['neutral', 1, 'None'],
    ['whitelist', 0, 'None'],
    ['whitelist', 2, 'Low'],
    ['odd', 2, null],
    [undefined, 2, 'Not Specified'],
  ] as const) {
    const blacklist = Array(sightings).fill({ description: 'd', source: 's' })
    const { indicator } = event(maltiverse, ip, addressAlert(), { type: 'hostname', classification, blacklist }).threat
    assert.deepEqual(
      [indicator.confidence, indicator.type, indicator.sightings],
      [confidence, 'domain-name', sightings],
    )
  }
})

test('what it does not know is no event', () => {
  assert.equal(event(maltiverse, ip, addressAlert(), { message: 'not found' }, 404), undefined)
  assert.equal(read(maltiverse, ip, { message: 'something else' }), undefined)
})
