import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { signV4 } from '../sigv4.ts'
import { Broken, defineFake, type FakeRequest } from './define.ts'

/** The key pair of AWS's own examples. */
const access_key = 'AKIAIOSFODNN7EXAMPLE'
const api_key = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const region = 'eu-central-1'
const bucket = 'example-alerts'

export default defineFake({
  name: 's3',
  source: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html',
  destinations(url) {
    const options = { hook_url: url, path_style: true, region, bucket, access_key, api_key }
    return { s3: options, 's3-plain': { ...options, gzip: false, prefix: 'plain/{hour}/' } }
  },

  routes: {
    'PUT /{bucket}/{key...}'(request, store) {
      checkSignature(request, store.now())
      const { bucket: name, key = '' } = request.params
      if (name !== bucket) throw new Broken('The specified bucket does not exist', 404, 'NoSuchBucket')
      if (Buffer.byteLength(key) > 1024) throw new Broken('Your key is too long', 400, 'KeyTooLongError')
      const lines = linesOf(request, key)
      store.repeats(key)
      store.made.set(key, { lines })
      const etag = createHash('md5').update(request.body).digest('hex')
      return { status: 200, headers: { etag: `"${etag}"` }, text: '', did: `object ${key} with ${lines} lines` }
    },
  },

  refusal: ({ status, code, message }) => error(status, code || 'InvalidArgument', message),
  busy: () => error(503, 'SlowDown', 'Please reduce your request rate.'),
  failed: () => error(500, 'InternalError', 'We encountered an internal error. Please try again.'),
})

function error(status: number, code: string, message: string) {
  const escaped = message.replace(/[<>&]/g, (char) => `&#${char.charCodeAt(0)};`)
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escaped}</Message></Error>`
  return { status, headers: { 'content-type': 'application/xml' }, text }
}

/** S3 does not look into an object; whoever reads it later does. */
function linesOf({ body }: FakeRequest, key: string): number {
  let text: string
  try {
    text = (key.endsWith('.gz') ? gunzipSync(body) : body).toString()
    const lines = text.trimEnd().split('\n')
    for (const line of lines) JSON.parse(line)
    if (text.endsWith('\n')) return lines.length
  } catch {}
  throw new Broken('the object is not lines of JSON')
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
function checkSignature({ headers, method, path, body }: FakeRequest, now: number): void {
  const given = headers.authorization ?? ''
  const [, key, scope, names] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^,]+), SignedHeaders=([^,]+), Signature=[0-9a-f]{64}$/.exec(
      given,
    ) ?? []
  if (key === undefined) throw new Broken('Access Denied', 403, 'AccessDenied')
  if (key !== access_key) throw new Broken('The access key does not exist in our records', 403, 'InvalidAccessKeyId')
  if (scope !== `${region}/s3/aws4_request`)
    throw new Broken(`the scope is wrong; expecting '${region}'`, 400, 'AuthorizationHeaderMalformed')
  const date = headers['x-amz-date'] ?? ''
  const signedAt = Date.parse(date.replace(/^(....)(..)(..T..)(..)(..)Z$/, '$1-$2-$3:$4:$5Z'))
  // Not NaN either.
  if (!(Math.abs(now - signedAt) < 15 * 60_000))
    throw new Broken(`signed at ${date}, which is not now`, 403, 'RequestTimeTooSkewed')
  const hash = createHash('sha256').update(body).digest('hex')
  if (headers['x-amz-content-sha256'] !== hash)
    throw new Broken('the hash is not that of the body', 400, 'XAmzContentSHA256Mismatch')
  const own = ['host', 'x-amz-date', 'x-amz-content-sha256']
  const signed = names!.split(';')
  if (!own.every((name) => signed.includes(name))) throw new Broken('a header is not signed', 403, 'AccessDenied')
  const others = signed.filter((name) => !own.includes(name))
  const expected = signV4({
    method,
    url: `http://${headers.host}${path}`,
    headers: Object.fromEntries(others.map((name) => [name, headers[name] ?? ''])),
    body,
    service: 's3',
    region,
    accessKey: access_key,
    secretKey: api_key,
    now: signedAt,
  })
  if (expected.authorization !== given)
    throw new Broken('The signature we calculated does not match', 403, 'SignatureDoesNotMatch')
}
