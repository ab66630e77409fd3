// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in texts are what is tested
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Files } from './files.ts'
import { createResolver, maskSecrets } from './secrets.ts'

const files: Files = {
  read(path) {
    const text = { '/home/o/etc/token': 'from file\n', '/run/open': 'open secret', '/run/empty': '\n' }[path]
    if (text !== undefined) return Buffer.from(text)
    throw Object.assign(new Error('EACCES: permission denied'), { code: path === '/run/locked' ? 'EACCES' : 'ENOENT' })
  },
  stat: (path) => ({ mode: path === '/run/open' ? 0o644 : 0o640, isFile: true }),
}

test('puts in what the environment and files hold', () => {
  const resolver = createResolver({ env: { KEY: 'from env', EMPTY: '' }, files, home: '/home/o' })
  const hint = 'create it with the secret in it, readable by its owner only (chmod 600)'
  for (const [text, expected] of [
    ['plain $HOME ${x}', { text: 'plain $HOME ${x}', changed: false, warnings: [] }],
    ['a ${env:KEY} b ${file:etc/token}', { text: 'a from env b from file', changed: true, warnings: [] }],
    [
      '${env:NONE}',
      { error: { message: 'the environment variable NONE is not set', hint: 'set it, or use ${file:…}' } },
    ],
    ['${env:EMPTY}', { error: { message: 'the environment variable EMPTY is empty', hint: 'give it a value' } }],
    ['${file:/run/none}', { error: { message: 'the file /run/none is not there', hint } }],
    [
      '${file:/run/locked}',
      { error: { message: 'the file /run/locked cannot be read (EACCES: permission denied)', hint } },
    ],
    ['${file:/run/empty}', { error: { message: 'the file /run/empty is empty', hint: 'write the secret into it' } }],
    [
      '${vault:x}',
      { error: { message: '"${vault:x}" is neither ${env:NAME} nor ${file:PATH}', hint: 'write one of the two' } },
    ],
    [
      '${file:/run/open}',
      {
        text: 'open secret',
        changed: true,
        warnings: [{ message: 'everyone on this machine can read /run/open', hint: 'chmod o-rwx /run/open' }],
      },
    ],
  ] as const) {
    assert.deepEqual(resolver.resolve(text), expected, text)
  }
  assert.deepEqual([...resolver.values], ['from env', 'from file', 'open secret'])
})

test('masks secrets however they are written', () => {
  const secret = 'p@ss/wörd "1"+x'
  const mask = maskSecrets([secret])
  for (const [name, text] of [
    ['plain', secret],
    ['URL-encoded', encodeURIComponent(secret)],
    ['URL-encoded in lower case', encodeURIComponent(secret).replace(/%../g, (byte) => byte.toLowerCase())],
    ['in a form', new URLSearchParams({ k: secret }).toString().slice(2)],
    ['in JSON', JSON.stringify(secret).slice(1, -1)],
    ['in JSON with escaped slashes', JSON.stringify(secret).slice(1, -1).replace('/', '\\/')],
    ['in ASCII JSON', 'p@ss/w\\u00f6rd \\"1\\"+x'],
  ] as const) {
    assert.equal(mask(`before ${text} after`), 'before *** after', name)
  }
})

test('masks a secret inside base64 of a longer text, wherever it stands', () => {
  const mask = maskSecrets(['a-long-api-token'])
  for (const before of ['', 'u:', 'us:', 'user:', 'user1:']) {
    for (const after of ['', '1', '12', '123']) {
      const encoded = Buffer.from(`${before}a-long-api-token${after}`).toString('base64')
      const masked = mask(`Basic ${encoded}`)
      assert.match(masked, /\*\*\*/, `${before}…${after}`)
      const left = Buffer.from(masked.slice(6).replace('***', ''), 'base64').toString('latin1')
      assert.doesNotMatch(left, /long|token/, `${before}…${after}`)
    }
  }
  assert.equal(mask(Buffer.from('a-long-api-token').toString('base64url')), '***')
})

test('masks the longer of two secrets that begin alike', () => {
  assert.equal(maskSecrets(['token', 'token-two'])('token token-two'), '*** ***')
})

test('masks the lines of a key', () => {
  const mask = maskSecrets(['-----BEGIN KEY-----\nMIIEvQIBADANBg\nshort\n-----END KEY-----\n'])
  assert.equal(mask('line MIIEvQIBADANBg, line short'), 'line ***, line short')
})

test('leaves short ones alone, and everything when there are no secrets', () => {
  assert.equal(maskSecrets(['abc', ''])('abc abc'), 'abc abc')
  assert.equal(maskSecrets([])('abc'), 'abc')
  assert.equal(maskSecrets(['a.c$'])('abc$ a.c$'), 'abc$ ***')
})

test('masks what may be a credential in a URL, also without its host', () => {
  const mask = maskSecrets([
    'https://user:p%40ssword@chat.example/hooks/v1/0123456789abcdef?token=fedcba9876543210#top',
  ])
  for (const [text, expected] of [
    ['POST /hooks/v1/0123456789abcdef?token=fedcba9876543210: 404', 'POST ***: 404'],
    ['no hook "0123456789abcdef"', 'no hook "***"'],
    ['token fedcba9876543210 is revoked', 'token *** is revoked'],
    ['user:p%40ssword, that is p@ssword', 'user:***, that is ***'],
    ['chat.example is down, /hooks/v1 too', 'chat.example is down, /hooks/v1 too'],
  ] as const)
    assert.equal(mask(text), expected)
  assert.equal(maskSecrets(['a "quoted" one'])(JSON.stringify(JSON.stringify('a "quoted" one'))), '"\\"***\\""')
})
