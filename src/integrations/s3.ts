import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import { parseTimestamp } from '../clock.ts'
import { defineIntegration, type HttpRequest, type Outcome } from '../define.ts'
import { signV4 } from '../sigv4.ts'
import { oneLine } from './message.ts'
import { httpUrl, secretText, textOption, tls } from './options.ts'
import { fillPlaceholders, withPlaceholders } from './placeholders.ts'

const options = z.object({
  hook_url: z
    .optional(httpUrl('Address'))
    .check(z.describe('Address of the service, for one that is not AWS, such as https://minio.example:9000.')),
  region: z
    ._default(z.string().check(z.regex(/^[a-z0-9-]{1,64}$/, 'not a region such as eu-central-1')), 'us-east-1')
    .check(z.describe('Region of the bucket; services that know none often want us-east-1.')),
  bucket: z
    .string()
    .check(
      z.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'not a name of a bucket: lower case, digits, dots, dashes'),
      z.describe('Bucket to write to; it must be there.'),
    ),
  path_style: z
    ._default(z.boolean(), false)
    .check(z.describe('The bucket stands in the path and not in the host name, as MinIO and Ceph mostly want it.')),
  prefix: z
    ._default(
      withPlaceholders("A-Za-z0-9!_.*'()/=-", "only letters, digits and /!_.*'()=- may stand in it", [
        'year',
        'month',
        'day',
        'hour',
      ]).check(z.regex(/^[^/]/, 'begins with a slash, which would be a folder without a name')),
      'wazuh/{year}/{month}/{day}/',
    )
    .check(
      z.describe(
        'What the names of objects begin with; {year}, {month}, {day}, {hour} are those of the alert, in UTC.',
      ),
    ),
  gzip: z._default(z.boolean(), true).check(z.describe('Objects are compressed.')),
  access_key: secretText('Id of the access key, AKIA….'),
  api_key: secretText('Secret access key.'),
  session_token: z
    .optional(z.string().check(z.minLength(1)))
    .check(z.meta({ description: 'Session token of temporary credentials.', secret: true })),
  storage_class: textOption('Storage class of the objects, such as STANDARD_IA; that of the bucket when empty.'),
  ...tls,
})

/** An object can be written twice and is the same: its name holds the hash of what is in it. */
export default defineIntegration({
  name: 's3',
  summary: 'Stores alerts as objects in a bucket of Amazon S3, or of a service that speaks its language.',
  docs: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html',

  options,
  example: {
    region: 'eu-central-1',
    bucket: 'example-alerts',
    gzip: false,
    access_key: 'AKIAIOSFODNN7EXAMPLE',
    api_key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  },

  request: (_, given, { line, now }) => putObject([`${line}\n`], given, now),
  batch: { max_count: 5000, max_bytes: 8 << 20, part: (_, __, { line }) => `${line}\n`, request: putObject },

  outcome({ status, headers, text: body }): Outcome | undefined {
    if (status === 200) return undefined
    const code = /<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? ''
    const message = oneLine(/<Message>([^<]*)<\/Message>/.exec(body)?.[1]).slice(0, 200)
    const reason = `HTTP ${status}${code === '' ? '' : ` ${code}: ${message}`}`
    const region = headers['x-amz-bucket-region'] ?? /<Region>([\w-]+)<\/Region>/.exec(body)?.[1]
    if (region !== undefined && (status === 301 || status === 307 || status === 400))
      return { kind: 'paused', reason: `${reason}; the bucket is in region ${region}` }
    if (code === 'RequestTimeTooSkewed')
      return { kind: 'paused', reason: `${reason}; is the clock of this machine right?` }
    // About the bucket or the credential, and so the same for every object.
    if ([301, 401, 403, 404].includes(status) || everyObject.test(code)) return { kind: 'paused', reason }
    if (status === 409 || code === 'RequestTimeout') return { kind: 'retry', reason }
    // Others by the status; a reason is shorter than the XML.
    return status >= 400 && status < 500 && code !== '' && status !== 429 ? { kind: 'rejected', reason } : undefined
  },
})

const everyObject = /^(ExpiredToken|InvalidToken|AuthorizationHeaderMalformed|InvalidBucketName|InvalidRequest)$/

function putObject(lines: readonly string[], given: z.infer<typeof options>, now: number): HttpRequest {
  // Loaded here, for a script that starts for one alert.
  const { createHash } = process.getBuiltinModule('node:crypto')
  const { gzipSync } = process.getBuiltinModule('node:zlib')
  const { region, bucket, path_style, prefix, gzip, access_key, api_key, session_token, storage_class } = given
  const first = JSON.parse(lines[0]!) as Alert
  const time = new Date(parseTimestamp(first.timestamp) ?? now).toISOString().replace(/[-:]|\.\d+/g, '')
  const content = lines.join('')
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 32)
  const name = `${fillPlaceholders(prefix, first, now)}${time}-${hash}.ndjson${gzip ? '.gz' : ''}`
  const service = new URL(given.hook_url ?? `https://s3.${region}.amazonaws.com`)
  const host = path_style ? service.host : `${bucket}.${service.host}`
  const base = service.pathname.replace(/\/$/, '') + (path_style ? `/${bucket}` : '')
  const url = `${service.protocol}//${host}${base}/${name}`
  const body = gzip ? gzipSync(content) : content
  const headers = {
    'content-type': gzip ? 'application/gzip' : 'application/x-ndjson',
    ...(storage_class && { 'x-amz-storage-class': oneLine(storage_class) }),
  }
  const signed = { method: 'PUT' as const, url, headers, body }
  const credential = {
    service: 's3',
    region,
    accessKey: access_key,
    secretKey: api_key,
    sessionToken: session_token,
    now,
  }
  return { ...signed, headers: signV4({ ...signed, ...credential }) }
}
