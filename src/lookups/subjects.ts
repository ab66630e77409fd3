/**
 * What of an alert a service can be asked about: the address, the hash of the file, the name and the URL that it speaks of, at most one of each, because most
 * services count requests. What is nobody else's business is left out here, for all look-ups: private and reserved addresses, names of one's own network,
 * URLs with a credential in them.
 */
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Alert } from '../alert.ts'
import type { Subject } from '../define.ts'

type Kind = Subject['kind']

/** Where Wazuh's decoders and the usual sources of JSON events put them; the first that holds something to ask about counts. */
const places: Record<Kind, readonly string[]> = {
  // The other side of a connection is seldom the destination: that is our own, unless the source is private.
  ip: [
    'data.srcip',
    'data.src_ip',
    'data.source_ip',
    'data.client_ip',
    'data.remote_ip',
    'data.win.eventdata.ipAddress',
    'data.win.eventdata.sourceIp',
    'data.aws.sourceIPAddress',
    'data.aws.source_ip_address',
    'data.office365.ClientIP',
    'data.gcp.protoPayload.requestMetadata.callerIp',
    'data.dstip',
    'data.dst_ip',
    'data.dest_ip',
    'data.win.eventdata.destinationIp',
  ],
  hash: [
    'syscheck.sha256_after',
    'syscheck.sha1_after',
    'syscheck.md5_after',
    // Of an event that is syscheck's but came as JSON.
    'data.syscheck.sha256_after',
    'data.syscheck.sha1_after',
    'data.syscheck.md5_after',
    'data.win.eventdata.hashes',
    'data.osquery.columns.sha256',
    'data.fileinfo.sha256',
    'data.sha256',
    'data.sha1',
    'data.md5',
    'data.file_hash',
    'data.hash',
  ],
  domain: [
    'data.hostname',
    'data.domain',
    'data.query',
    'data.dns.question.name',
    'data.dns.rrname',
    'data.tls.sni',
    'data.http.hostname',
    'data.win.eventdata.queryName',
  ],
  url: ['data.url', 'data.http_url', 'data.request_url', 'data.http.url'],
}

export interface SubjectChoice {
  /** Places instead of the usual ones, as dotted paths. */
  fields?: readonly string[]
  /** Length in hexadecimal digits of the hashes that the service knows, the preferred first: 64 is SHA-256, 40 SHA-1, 32 MD5. */
  hashes?: readonly number[]
}

/** At most one subject of each kind, in the order of `kinds`. */
export function subjectsOf(alert: Alert, kinds: readonly Kind[], choice: SubjectChoice = {}): Subject[] {
  const { fields, hashes = [64, 40, 32] } = choice
  return kinds.flatMap((kind) => {
    const texts = (fields ?? places[kind]).flatMap((path) => textsAt(alert, path))
    const value = kind === 'hash' ? bestHash(texts, hashes) : first(texts, readers[kind])
    return value === undefined ? [] : [{ kind, value }]
  })
}

/** The texts at a dotted path; a list counts for all that is in it. */
function textsAt(alert: Alert, path: string): string[] {
  let at: unknown = alert
  for (const name of path.split('.')) {
    if (Array.isArray(at)) at = at[0]
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return []
    at = (at as Record<string, unknown>)[name]
  }
  return (Array.isArray(at) ? at : [at]).filter((value): value is string => typeof value === 'string')
}

function first(texts: string[], read: (text: string) => string | undefined): string | undefined {
  for (const text of texts) {
    const value = read(text.trim())
    if (value !== undefined) return value
  }
  return undefined
}

const readers: Record<Exclude<Kind, 'hash'>, (text: string) => string | undefined> = {
  ip: publicAddress,
  domain: publicName,
  url: publicUrl,
}

/** An address of the public Internet in its one spelling; undefined for all others (private, loopback, link-local, reserved, documentation …) and for any other text. */
export function publicAddress(text: string): string | undefined {
  // Microsoft writes 192.0.2.1:5555 and [2001:db8::1]:5555.
  const bare = /^(?:\[([\da-f:.]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?$/i.exec(text)
  const address = bare?.[1] ?? bare?.[2] ?? text
  if (isIP(address) === 0 || address.includes('%')) return undefined
  // What is written as ::ffff:10.0.0.1 is 10.0.0.1.
  const parsed = ipaddr.process(address)
  return parsed.range() === 'unicast' ? parsed.toString() : undefined
}

// RFC 2606, 6761, 6762, 9476 and ICANN's .internal; and what people call their networks.
const ownZones =
  /(?:^|\.)(?:alt|arpa|corp|example|home|intranet|internal|invalid|lan|local|localdomain|localhost|private|test)$/

/** A name of the public DNS, in lower case and without the final dot. */
export function publicName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, '')
  const isName =
    name.length <= 253 && /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/.test(name)
  return isName && !ownZones.test(name) ? name : undefined
}

function publicUrl(text: string): string | undefined {
  if (!/^https?:\/\/[^\s\x00-\x1f\x7f]+$/i.test(text) || text.length > 2048) return undefined
  const url = URL.parse(text)
  if (url?.username !== '' || url.password !== '') return undefined
  return (publicAddress(url.hostname) ?? publicName(url.hostname)) === undefined ? undefined : text
}

// Of no bytes at all: every service knows them, and none has anything to say.
const empty = new Set([
  'd41d8cd98f00b204e9800998ecf8427e',
  'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
])

function bestHash(texts: string[], lengths: readonly number[]): string | undefined {
  const found = texts.flatMap(hashesIn)
  if (found.some((hash) => empty.has(hash))) return undefined
  for (const length of lengths) {
    const hash = found.find((one) => one.length === length)
    if (hash) return hash
  }
  return undefined
}

/** A hash by itself, or Sysmon's `SHA1=…,MD5=…,SHA256=…,IMPHASH=…`; the last is of the imports and not of the file. */
function hashesIn(text: string): string[] {
  const lower = text.trim().toLowerCase()
  if (/^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/.test(lower)) return [lower]
  return [...lower.matchAll(/(?:^|,)(?:md5|sha1|sha256)=([0-9a-f]{32,64})(?=,|$)/g)].map(([, hash]) => hash!)
}
