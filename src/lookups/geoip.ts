/**
 * Countries of addresses, for `<srcgeoip>` and `<dstgeoip>` of rules, from a database in MaxMind's format (.mmdb): GeoLite2 and GeoIP2 (City or Country), DB-IP,
 * IPinfo. Wazuh has this only in builds with the old libGeoIP, whose databases are no longer made; the text is the same: `US / California`.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isIP } from 'node:net'
import type { Reader, Response } from 'mmdb-lib'
import { flat } from '../byte-text.ts'
import type { GeoLookup } from '../engine/index.ts'
import { isObject, listAt, valueAt, withoutEmpty } from './read.ts'

/** Addresses that are kept in memory: those of one attack come again and again. */
const most_kept = 10_000
/** Bytes of the text, as in Wazuh. */
const most_bytes = 255

/**
 * Reads the database into memory.
 *
 * @throws when it cannot be read or is none
 */
export function geoLookup(file: string): GeoLookup {
  const reader = readDatabase(file)
  const kept = new Map<string, string | undefined>()
  return (address) => {
    // A log may hold anything where an address should be.
    if (isIP(address) === 0 || address.includes('%')) return undefined
    if (kept.has(address)) {
      const known = kept.get(address)
      // The last one used stays longest: a Map keeps the order in which keys were set.
      kept.delete(address)
      kept.set(address, known)
      return known
    }
    const found = placeOf(reader, address)
    // A piece of a log would keep the log.
    kept.set(flat(address), found)
    if (kept.size > most_kept) kept.delete(kept.keys().next().value!)
    return found
  }
}

/** Where an address is, as far as the database knows. */
export interface AddressPlace {
  country_code?: string
  country_name?: string
  region_name?: string
  city_name?: string
  location?: { lat: number; lon: number }
}

/** Undefined: it is not known. */
export type FindPlace = (address: string) => AddressPlace | undefined

/**
 * All that the database says of an address, for messages.
 *
 * @throws when it cannot be read or is none
 */
export function openPlaces(file: string): FindPlace {
  const reader = readDatabase(file)
  return (address) => {
    const record = recordOf(reader, address)
    const code = countryOf(record)
    const name = firstText(record, ['country.names.en', 'registered_country.names.en', 'country_name', 'country'])
    const place = withoutEmpty({
      country_code: code,
      // Of IPinfo `country` is the name in some databases, and the code in others.
      country_name: name === code ? undefined : name,
      region_name: regionOf(record),
      city_name: firstText(record, ['city.names.en', 'city']),
      location: locationOf(record),
    }) as AddressPlace
    return Object.keys(place).length > 0 ? place : undefined
  }
}

function firstText(record: unknown, paths: string[]): string | undefined {
  return paths.map((path) => valueAt(record, path)).find((value): value is string => typeof value === 'string')
}

/** MaxMind and DB-IP have numbers, IPinfo texts. */
function locationOf(record: unknown): AddressPlace['location'] {
  const [lat, lon] = [
    ['location.latitude', 'latitude', 'lat'],
    ['location.longitude', 'longitude', 'lng'],
  ].map((paths) => paths.map((path) => valueAt(record, path)).find((value) => value !== undefined && value !== ''))
  const [north, east] = [Number(lat ?? Number.NaN), Number(lon ?? Number.NaN)]
  return Number.isFinite(north) && Number.isFinite(east) ? { lat: north, lon: east } : undefined
}

function readDatabase(file: string): Reader<Response> {
  // Loaded here, since commands that load a ruleset without GeoIP start earlier without it.
  const mmdb = createRequire(import.meta.url)('mmdb-lib') as typeof import('mmdb-lib')
  try {
    return new mmdb.Reader(readFileSync(file))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(code === undefined ? `${file} is no GeoIP database (.mmdb): ${message}` : message, { cause: error })
  }
}

function recordOf(reader: Reader<Response>, address: string): unknown {
  try {
    // ::ffff:192.0.2.1 stands where 192.0.2.1 does.
    return reader.get(address.replace(/^::ffff:(?=\d+\.)/i, ''))
  } catch {
    // An IPv6 address and a database of IPv4, or a damaged part of the file.
    return undefined
  }
}

function placeOf(reader: Reader<Response>, address: string): string | undefined {
  const record = recordOf(reader, address)
  const country = countryOf(record)
  if (country === undefined) return undefined
  const region = regionOf(record)
  const place = Buffer.from(region ? `${country} / ${region}` : country)
  return (place.length > most_bytes ? place.subarray(0, most_bytes) : place).toString('latin1')
}

/** MaxMind and DB-IP nest, IPinfo does not. */
function countryOf(record: unknown): string | undefined {
  const places = ['country.iso_code', 'country_code', 'country', 'registered_country.iso_code']
  return places
    .map((path) => valueAt(record, path))
    .find((code): code is string => typeof code === 'string' && /^[A-Z]{2}$/.test(code))
}

function regionOf(record: unknown): string | undefined {
  const [subdivision] = listAt(record, 'subdivisions')
  const region = isObject(subdivision) ? valueAt(subdivision, 'names.en') : valueAt(record, 'region')
  return typeof region === 'string' && region !== '' ? region : undefined
}
