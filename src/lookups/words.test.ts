/** What each look-up has people read of what it says, in a message. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lookups } from './index.ts'

const cases: [string, Record<string, unknown>, string, string][] = [
  [
    'abuseipdb',
    {
      abuse_confidence_score: 100,
      total_reports: 57,
      country_code: 'CN',
      isp: 'China Telecom',
      whitelisted: false,
      tor: true,
    },
    'confidence of abuse 100 %, 57 reports, CN, China Telecom, Tor',
    'уверенность в злоупотреблениях 100 %, жалоб: 57, CN, China Telecom, Tor',
  ],
  [
    'crowdsec-cti',
    {
      reputation: 'malicious',
      behaviors: ['ssh:bruteforce', 'http:scan', 'http:crawl', 'more'],
      country: 'NL',
      last_seen: '2026-01-02T03:04:05+00:00',
    },
    'malicious, ssh:bruteforce, http:scan, http:crawl, NL, last seen 2026-01-02',
    'malicious, ssh:bruteforce, http:scan, http:crawl, NL, замечен 2026-01-02',
  ],
  [
    'greynoise',
    { noise: true, riot: false, classification: 'malicious', name: 'unknown', last_seen: '2026-01-02' },
    'malicious, scans the whole Internet, last seen 2026-01-02',
    'malicious, сканирует весь Интернет, замечен 2026-01-02',
  ],
  [
    'greynoise',
    { noise: false, riot: true, classification: 'benign', name: 'Google Public DNS' },
    'benign, Google Public DNS, a known service',
    'benign, Google Public DNS, известная служба',
  ],
  [
    'maltiverse',
    {
      source: { classification: 'malicious' },
      threat: { indicator: { confidence: 'High', sightings: 3, description: 'Emotet' }, software: { name: 'S0367' } },
    },
    'malicious, confidence: High, 3 sightings, Emotet, S0367',
    'malicious, уверенность: High, записей: 3, Emotet, S0367',
  ],
  [
    'misp',
    {
      event_id: '12',
      event_info: 'Phishing, wave 3',
      category: 'Network activity',
      tags: ['tlp:amber'],
      events: ['12', '13'],
    },
    'event 12 "Phishing, wave 3", Network activity, tlp:amber, events in all: 2',
    'событие 12 "Phishing, wave 3", Network activity, tlp:amber, всего событий: 2',
  ],
  [
    'opencti',
    { indicator: { name: '192.0.2.1', x_opencti_score: 80, indicator_types: ['malicious-activity'], revoked: true } },
    'indicator "192.0.2.1", score 80, malicious-activity, revoked',
    'индикатор "192.0.2.1", оценка 80, malicious-activity, отозван',
  ],
  [
    'otx',
    {
      pulse_count: 5,
      adversaries: ['APT28'],
      malware_families: ['Emotet', 'Mirai'],
      pulses: ['Feed', 'Other'],
      whitelisted: 1,
    },
    'in 5 pulses, APT28, Emotet, Mirai, Feed, known as harmless',
    'пульсов: 5, APT28, Emotet, Mirai, Feed, считается безвредным',
  ],
  [
    'urlhaus',
    {
      threat: 'malware_download',
      url_status: 'online',
      url_count: '7',
      urls_online: 2,
      signatures: ['Mirai'],
      tags: ['elf'],
    },
    'malware_download, online, URLs: 7, online: 2, Mirai, elf',
    'malware_download, online, адресов: 7, доступно: 2, Mirai, elf',
  ],
  [
    'virustotal',
    { positives: 45, total: 70, threat_label: 'trojan.mirai' },
    '45 of 70 call it malicious, trojan.mirai',
    'вредоносным считают 45 из 70, trojan.mirai',
  ],
]

for (const [name, said, english, russian] of cases)
  test(`${name}: ${english}`, async () => {
    const { default: lookup } = await lookups[name]!()
    const words = (language: 'en' | 'ru') => lookup.words(said, language).filter(Boolean).join(', ')
    assert.equal(words('en'), english)
    assert.equal(words('ru'), russian)
  })

test('every look-up has words', () => {
  assert.deepEqual([...new Set(cases.map(([name]) => name))], Object.keys(lookups))
})
