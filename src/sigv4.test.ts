import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SigV4Request, signV4 } from './sigv4.ts'

const signatureOf = (request: SigV4Request) => signV4(request).authorization!.split('Signature=')[1]

// aws-sig-v4-test-suite, once at https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html
describe('signs as the test suite of AWS does', () => {
  const suite = {
    method: 'GET',
    url: 'https://example.amazonaws.com/',
    service: 'service',
    region: 'us-east-1',
    accessKey: 'AKIDEXAMPLE',
    secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    now: Date.UTC(2015, 7, 30, 12, 36),
  }
  const at = (rest: string) => `https://example.amazonaws.com${rest}`
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
  const cases: [name: string, change: Partial<SigV4Request>, signature: string][] = [
    ['get-vanilla', {}, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-vanilla-query-order-key-case',
      { url: at('/?Param2=value2&Param1=value1') },
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'get-vanilla-empty-query-key',
      { url: at('/?Param1=value1') },
      'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
    ],
    [
      'get-vanilla-utf8-query',
      { url: at('/?ሴ=bar') },
      '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
    ],
    [
      'get-unreserved',
      { url: at('/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz') },
      '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
    ],
    [
      'get-header-key-duplicate',
      { headers: { 'My-Header1': 'value2,value2,value1' } },
      'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
    ],
    [
      'get-header-value-trim',
      { headers: { 'My-Header1': ' value1', 'My-Header2': ' "a   b   c"' } },
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    ],
    ['post-vanilla', { method: 'POST' }, '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'post-x-www-form-urlencoded',
      { method: 'POST', headers: form, body: 'Param1=value1' },
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
    [
      'post-sts-header-before',
      {
        method: 'POST',
        sessionToken:
          'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==',
      },
      '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
    ],
  ]
  for (const [name, change, signature] of cases)
    test(name, () => assert.equal(signatureOf({ ...suite, ...change }), signature))

  test('gives all that is to be sent, in lower case', () => {
    assert.deepEqual(signV4({ ...suite, headers: { 'My-Header1': 'a' }, sessionToken: 'token' }), {
      'my-header1': 'a',
      'x-amz-date': '20150830T123600Z',
      'x-amz-security-token': 'token',
      authorization: signV4({ ...suite, headers: { 'my-header1': 'a' }, sessionToken: 'token' }).authorization,
    })
  })
})

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
describe('signs as the examples of S3 do', () => {
  const s3 = {
    method: 'GET',
    service: 's3',
    region: 'us-east-1',
    accessKey: 'AKIAIOSFODNN7EXAMPLE',
    secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    now: Date.UTC(2013, 4, 24),
  }
  const at = (rest: string) => `https://examplebucket.s3.amazonaws.com${rest}`

  test('reading a part of an object', () => {
    const signature = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'
    assert.equal(signatureOf({ ...s3, url: at('/test.txt'), headers: { Range: 'bytes=0-9' } }), signature)
  })

  test('writing an object, whose name has a character that is escaped once', () => {
    const headers = { Date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' }
    const body = new TextEncoder().encode('Welcome to Amazon S3.')
    const sent = signV4({ ...s3, method: 'PUT', url: at('/test$file.text'), headers, body })
    assert.equal(sent['x-amz-content-sha256'], '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072')
    assert.match(sent.authorization!, /=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd$/)
  })

  test('a query without a value, and a list', () => {
    const lifecycle = 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'
    assert.equal(signatureOf({ ...s3, url: at('/?lifecycle') }), lifecycle)
    const list = '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'
    assert.equal(signatureOf({ ...s3, url: at('/?max-keys=2&prefix=J') }), list)
  })
})
