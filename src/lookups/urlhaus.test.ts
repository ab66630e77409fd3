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
import urlhaus from './urlhaus.ts'

test('asks about each kind where the service wants it', () => {
  const asked = (subject: Parameters<typeof request>[1]) => {
    const { method, url: to, body } = request(urlhaus, subject)
    return `${method} ${to} ${body}`
  }
  assert.equal(asked(url), 'POST https://urlhaus-api.abuse.ch/v1/url/ url=http%3A%2F%2Fevil.com%2Fa%3Fb%3Dc')
  assert.equal(asked(domain), 'POST https://urlhaus-api.abuse.ch/v1/host/ host=evil.com')
  assert.equal(asked(ip), 'POST https://urlhaus-api.abuse.ch/v1/host/ host=8.8.4.4')
  assert.equal(asked(hash), `POST https://urlhaus-api.abuse.ch/v1/payload/ sha256_hash=${sha256}`)
  assert.equal(asked({ kind: 'hash', value: md5 }), `POST https://urlhaus-api.abuse.ch/v1/payload/ md5_hash=${md5}`)
  assert.deepEqual(request(urlhaus, ip).headers, {
    'auth-key': 'abuse-ch-auth-key',
    'content-type': 'application/x-www-form-urlencoded',
  })
  const onlySha1 = fileAlert({ syscheck: { sha1_after: sha1 } })
  assert.deepEqual(subjects(urlhaus, onlySha1), [], 'it knows no SHA-1')
})

test('tells of a URL, a host and a file', () => {
  const ofUrl = {
    query_status: 'ok',
    urlhaus_reference: 'https://urlhaus.abuse.ch/url/1/',
    url: url.value,
    url_status: 'online',
    date_added: '2024-01-15 10:00:00 UTC',
    last_online: null,
    threat: 'malware_download',
    tags: ['elf', 'mirai'],
    payloads: [{ signature: 'Mirai' }, { signature: null }],
  }
  assert.deepEqual(event(urlhaus, url, addressAlert(), ofUrl), {
    urlhaus: {
      found: 1,
      source: { alert_id: '1705314645.99', rule: '5760', url: url.value },
      threat: 'malware_download',
      url_status: 'online',
      tags: ['elf', 'mirai'],
      signatures: ['Mirai'],
      first_seen: '2024-01-15 10:00:00 UTC',
      permalink: 'https://urlhaus.abuse.ch/url/1/',
    },
    integration: 'urlhaus',
  })
  const ofHost = {
    query_status: 'ok',
    urlhaus_reference: 'https://urlhaus.abuse.ch/host/evil.com/',
    firstseen: '2024-01-01 00:00:00 UTC',
    url_count: '2',
    urls: [
      { url_status: 'online', threat: 'malware_download', tags: ['elf'] },
      { url_status: 'offline', threat: 'malware_download', tags: null },
    ],
  }
  const host = event(urlhaus, domain, addressAlert(), ofHost).urlhaus
  assert.deepEqual([host.threat, host.url_count, host.urls_online, host.tags], ['malware_download', '2', 1, ['elf']])
  const ofFile = {
    query_status: 'ok',
    file_type: 'exe',
    signature: 'Emotet',
    firstseen: '2024-01-01 00:00:00',
    urls: [],
  }
  const file = event(urlhaus, hash, fileAlert(), ofFile).urlhaus
  assert.deepEqual([file.file_type, file.signatures, file.source.hash], ['exe', ['Emotet'], sha256])
})

test('its own status decides, not that of HTTP', () => {
  assert.deepEqual(read(urlhaus, url, { query_status: 'no_results' }), { kind: 'unknown' })
  assert.equal(event(urlhaus, url, addressAlert(), { query_status: 'no_results' }), undefined)
  assert.equal(read(urlhaus, url, { query_status: 'unknown_auth_key' })?.kind, 'paused')
  assert.deepEqual(read(urlhaus, url, { query_status: 'invalid_url' }), {
    kind: 'rejected',
    reason: 'URLhaus answers "invalid_url"',
  })
})
