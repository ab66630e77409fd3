import assert from 'node:assert/strict'
import { test } from 'node:test'
import abuseipdb from './abuseipdb.ts'
import { addressAlert, event, fileAlert, ip, read, request, subjects } from './testing.ts'

const data = {
  ipAddress: '8.8.4.4',
  isPublic: true,
  ipVersion: 4,
  isWhitelisted: false,
  abuseConfidenceScore: 100,
  countryCode: 'US',
  usageType: 'Data Center/Web Hosting/Transit',
  isp: 'Example',
  domain: 'evil.com',
  hostnames: [],
  isTor: false,
  totalReports: 57,
  numDistinctUsers: 12,
  lastReportedAt: '2024-01-15T10:00:00+00:00',
}

test('asks for the reports of ninety days', () => {
  assert.deepEqual(subjects(abuseipdb, addressAlert()), ['ip 8.8.4.4'])
  assert.deepEqual(subjects(abuseipdb, addressAlert('192.168.1.1')), [])
  assert.deepEqual(subjects(abuseipdb, fileAlert()), [])
  assert.deepEqual(request(abuseipdb, { kind: 'ip', value: '2001:4860:4860::8888' }), {
    method: 'GET',
    url: 'https://api.abuseipdb.com/api/v2/check?ipAddress=2001%3A4860%3A4860%3A%3A8888&maxAgeInDays=90',
    headers: { key: 'abuseipdb-api-key', accept: 'application/json' },
  })
})

test('tells the score and who says so', () => {
  assert.deepEqual(event(abuseipdb, ip, addressAlert(), { data }), {
    abuseipdb: {
      found: 1,
      source: { alert_id: '1705314645.99', rule: '5760', ip: '8.8.4.4' },
      abuse_confidence_score: 100,
      country_code: 'US',
      usage_type: 'Data Center/Web Hosting/Transit',
      isp: 'Example',
      domain: 'evil.com',
      total_reports: 57,
      distinct_users: 12,
      last_reported_at: '2024-01-15T10:00:00+00:00',
      whitelisted: false,
      tor: false,
      permalink: 'https://www.abuseipdb.com/check/8.8.4.4',
    },
    integration: 'abuseipdb',
  })
})

test('an address without reports is told too', () => {
  const clean = { data: { ...data, totalReports: 0, abuseConfidenceScore: 0 } }
  assert.deepEqual(event(abuseipdb, ip, addressAlert(), clean), {
    abuseipdb: { found: 0, source: { alert_id: '1705314645.99', rule: '5760', ip: '8.8.4.4' } },
    integration: 'abuseipdb',
  })
  assert.equal(read(abuseipdb, ip, { errors: [{ detail: 'x', status: 422 }] }), undefined)
})
