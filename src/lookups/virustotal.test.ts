import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addressAlert,
  domain,
  event,
  fileAlert,
  hash,
  ip,
  md5,
  read,
  request,
  sha1,
  sha256,
  subjects,
  url,
} from './testing.ts'
import virustotal from './virustotal.ts'

const report = (malicious: number, more = {}) => ({
  data: {
    id: sha256,
    type: 'file',
    attributes: {
      sha1,
      last_analysis_date: 1_705_314_000,
      last_analysis_stats: {
        malicious,
        suspicious: 0,
        undetected: 10,
        harmless: 0,
        timeout: 1,
        'type-unsupported': 5,
        failure: 0,
      },
      ...more,
    },
  },
})

test('asks about the file by its best hash, with the key in a header', () => {
  assert.deepEqual(subjects(virustotal, fileAlert()), [`hash ${sha256}`])
  assert.deepEqual(request(virustotal, hash), {
    method: 'GET',
    url: `https://www.virustotal.com/api/v3/files/${sha256}`,
    headers: { 'x-apikey': 'virustotal-api-key', accept: 'application/json' },
  })
})

test('asks about addresses, names and URLs only when told to', () => {
  const ask = { ask: ['ip', 'domain', 'url', 'hash'] }
  const alert = addressAlert('8.8.4.4', { data: { srcip: '8.8.4.4', hostname: 'evil.com', url: url.value } })
  assert.deepEqual(subjects(virustotal, alert), [])
  assert.deepEqual(subjects(virustotal, alert, ask), ['ip 8.8.4.4', 'domain evil.com', `url ${url.value}`])
  assert.equal(request(virustotal, ip).url, 'https://www.virustotal.com/api/v3/ip_addresses/8.8.4.4')
  assert.equal(request(virustotal, domain).url, 'https://www.virustotal.com/api/v3/domains/evil.com')
  assert.equal(request(virustotal, url).url, 'https://www.virustotal.com/api/v3/urls/aHR0cDovL2V2aWwuY29tL2E_Yj1j')
})

test('the event of a malicious file has the fields of Wazuh', () => {
  const found = event(virustotal, hash, fileAlert(), report(62))
  assert.deepEqual(found, {
    virustotal: {
      found: 1,
      malicious: 1,
      source: { alert_id: '1705314645.98', file: '/tmp/eicar.com', md5, sha1 },
      sha1,
      scan_date: '2024-01-15 10:20:00',
      positives: 62,
      total: 72,
      permalink: `https://www.virustotal.com/gui/file/${sha256}`,
    },
    integration: 'virustotal',
  })
  assert.deepEqual(Object.keys(found.virustotal), [
    ...['found', 'malicious', 'source', 'sha1', 'scan_date', 'positives', 'total', 'permalink'],
  ])
})

test('a harmless file and one that nobody knows are events too', () => {
  const harmless = event(virustotal, hash, fileAlert(), report(0)).virustotal
  assert.deepEqual([harmless.found, harmless.malicious, harmless.positives, harmless.total], [1, 0, 0, 10])
  const unknown = { error: { code: 'NotFoundError', message: `File "${sha256}" not found` } }
  assert.deepEqual(event(virustotal, hash, fileAlert(), unknown, 404), {
    virustotal: { found: 0, malicious: 0, source: { alert_id: '1705314645.98', file: '/tmp/eicar.com', md5, sha1 } },
    integration: 'virustotal',
  })
  assert.deepEqual(read(virustotal, hash, { data: { attributes: { sha1 } } }), { kind: 'unknown' }, 'not analysed yet')
})

test('says what it asked about when it was not a file of syscheck', () => {
  assert.deepEqual(event(virustotal, ip, addressAlert(), report(3)).virustotal.source, {
    alert_id: '1705314645.99',
    ip: '8.8.4.4',
  })
  const sysmon = addressAlert('', { data: { win: { eventdata: { hashes: `MD5=${md5}`, image: 'C:\\x.exe' } } } })
  assert.deepEqual(event(virustotal, { kind: 'hash', value: md5 }, sysmon, report(3)).virustotal.source, {
    alert_id: '1705314645.99',
    file: 'C:\\x.exe',
    hash: md5,
  })
})

test('trouble is told with the numbers and words of Wazuh', () => {
  for (const [status, error, description] of [
    [429, 204, 'Error: Public API request rate limit reached'],
    [401, 403, 'Error: Check credentials'],
    [403, 403, 'Error: Check credentials'],
    [408, 408, 'Error: API request timed out'],
    [500, 500, 'Error: API request fail'],
  ] as const)
    assert.deepEqual(virustotal.error!(status, 'x'), { virustotal: { error, description }, integration: 'virustotal' })
})
