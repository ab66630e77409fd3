import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Alert } from '../alert.ts'
import { publicAddress, publicName, subjectsOf } from './subjects.ts'

const alert = (more: Record<string, unknown>) => ({ rule: { id: '1', level: 3 }, ...more }) as unknown as Alert
const values = (
  more: Record<string, unknown>,
  ...args: Parameters<typeof subjectsOf> extends [unknown, ...infer R] ? R : never
) => subjectsOf(alert(more), ...args).map(({ kind, value }) => `${kind} ${value}`)

test('only addresses of the public Internet are asked about, in one spelling', () => {
  for (const [text, expected] of [
    ['8.8.8.8', '8.8.8.8'],
    ['2001:4860:4860:0::8888', '2001:4860:4860::8888'],
    ['::ffff:8.8.8.8', '8.8.8.8'],
    ['8.8.8.8:5555', '8.8.8.8'],
    ['[2001:4860:4860::8888]:443', '2001:4860:4860::8888'],
    ...[
      ...[
        '10.0.0.1',
        '172.16.0.1',
        '192.168.1.1',
        '127.0.0.1',
        '0.0.0.0',
        '169.254.169.254',
        '100.64.0.1',
        '224.0.0.1',
      ],
      ...[
        '203.0.113.9',
        '198.51.100.1',
        '255.255.255.255',
        '::1',
        '::',
        'fe80::1',
        'fe80::1%eth0',
        'fc00::1',
        'ff02::1',
      ],
      ...[
        '2001:db8::1',
        '::ffff:10.0.0.1',
        '[::1]:80',
        '10.0.0.1:80',
        '8.8.8',
        '8.8.8.8/32',
        '08.8.8.8',
        '0x8.8.8.8',
        '',
        'dns.google',
      ],
    ].map((text) => [text, undefined] as const),
  ] as const)
    assert.equal(publicAddress(text), expected, text)
})

test('only names of the public DNS are asked about', () => {
  for (const [text, expected] of [
    ['Evil.COM.', 'evil.com'],
    ['_dmarc.a-b.co.uk', '_dmarc.a-b.co.uk'],
    ['xn--e1afmkfd.xn--p1ai', 'xn--e1afmkfd.xn--p1ai'],
    ...[
      'web-01',
      'nas.local',
      'dc1.corp',
      'x.internal',
      '1.0.0.10.in-addr.arpa',
      'a.test',
      'localhost',
      '8.8.8.8',
      'a b.com',
      '-a.com',
      'a..com',
      `${'a'.repeat(64)}.com`,
      '',
    ].map((text) => [text, undefined] as const),
  ] as const)
    assert.equal(publicName(text), expected, text)
})

test('finds the address, the other side of a connection when the source is our own', () => {
  assert.deepEqual(values({ data: { srcip: '8.8.8.8', dstip: '1.1.1.1' } }, ['ip']), ['ip 8.8.8.8'])
  assert.deepEqual(values({ data: { srcip: '10.0.0.1', dstip: '1.1.1.1' } }, ['ip']), ['ip 1.1.1.1'])
  assert.deepEqual(values({ data: { win: { eventdata: { ipAddress: '8.8.4.4' } } } }, ['ip']), ['ip 8.8.4.4'])
  assert.deepEqual(values({ data: { srcip: ['10.1.1.1', '8.8.8.8'] } }, ['ip']), ['ip 8.8.8.8'])
  for (const data of [undefined, null, 'text', [], { srcip: 8 }, { srcip: null }, { srcip: { a: 1 } }])
    assert.deepEqual(values({ data }, ['ip', 'hash', 'domain', 'url']), [])
})

const md5 = '44d88612fea8a8f36de82e1278abb02f'
const sha1 = '3395856ce81f2b7382dee72602f798b642f14140'
const sha256 = '275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f'

test('finds the hash that the service knows best', () => {
  const syscheck = { md5_after: md5, sha1_after: sha1.toUpperCase(), sha256_after: sha256 }
  assert.deepEqual(values({ syscheck }, ['hash']), [`hash ${sha256}`])
  assert.deepEqual(values({ syscheck }, ['hash'], { hashes: [32] }), [`hash ${md5}`])
  assert.deepEqual(values({ syscheck: { sha1_after: sha1.toUpperCase() } }, ['hash']), [`hash ${sha1}`])
  assert.deepEqual(values({ syscheck: { sha1_after: sha1 } }, ['hash'], { hashes: [64, 32] }), [])
  const hashes = `SHA1=${sha1},MD5=${md5.toUpperCase()},IMPHASH=${'a'.repeat(32)}`
  assert.deepEqual(values({ data: { win: { eventdata: { hashes } } } }, ['hash']), [`hash ${sha1}`])
  assert.deepEqual(values({ data: { win: { eventdata: { hashes } } } }, ['hash'], { hashes: [32] }), [`hash ${md5}`])
  assert.deepEqual(values({ data: { hash: 'not a hash', md5: `${md5} x` } }, ['hash']), [])
})

test('does not ask about files of no bytes', () => {
  assert.deepEqual(
    values(
      {
        syscheck: {
          md5_after: 'd41d8cd98f00b204e9800998ecf8427e',
          sha256_after: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        },
      },
      ['hash'],
    ),
    [],
  )
})

test('asks about whole URLs of the public Internet, and never about one with a credential', () => {
  for (const url of ['http://evil.com/a?b=c', 'https://8.8.8.8:8443/x', 'HTTP://EVIL.com'])
    assert.deepEqual(values({ data: { url } }, ['url']), [`url ${url}`])
  for (const url of [
    '/index.html',
    'http://intranet/x',
    'http://10.0.0.1/',
    'http://nas.local/',
    'https://u:p@evil.com/',
    'ftp://evil.com/',
    'http://[::1]/',
    'http://evil.com/a b',
    `http://evil.com/${'a'.repeat(3000)}`,
  ])
    assert.deepEqual(values({ data: { url } }, ['url']), [], url)
})

test('looks where it is told to', () => {
  const more = { data: { srcip: '8.8.8.8', mine: { peer: '9.9.9.9', site: 'http://evil.com/', name: 'evil.com' } } }
  assert.deepEqual(
    values(more, ['ip', 'url', 'domain'], { fields: ['data.mine.peer', 'data.mine.site', 'data.mine.name'] }),
    ['ip 9.9.9.9', 'url http://evil.com/', 'domain evil.com'],
  )
  assert.deepEqual(
    values({ data: JSON.parse('{"__proto__":{"srcip":"8.8.8.8"}}') }, ['ip'], { fields: ['data.constructor.name'] }),
    [],
  )
})

test("finds the file of an event of syscheck's that came as JSON", () => {
  assert.deepEqual(values({ data: { syscheck: { path: '/x', md5_after: md5 } } }, ['hash']), [`hash ${md5}`])
})
