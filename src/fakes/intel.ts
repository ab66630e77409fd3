/** What the fakes of look-ups share: whom they know, and what a question may be. */
import { isIP } from 'node:net'
import { Broken } from './define.ts'

/** Everything is known to be bad, but what ends with 0: so that both can be tried. */
export const isKnown = (value: string) => !value.endsWith('0')

/** @throws Broken */
export function publicAddress(value: string, status = 400): string {
  if (isIP(value) === 0) throw new Broken(`"${value.slice(0, 50)}" is no address`, status)
  if (/^(10\.|127\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|::1$|f[cd]|fe80)/i.test(value))
    throw new Broken(`${value} is a private address, of which the service knows nothing`, status)
  return value
}

/** @throws Broken */
export function hash(value: string, lengths: readonly number[] = [32, 40, 64], status = 400): string {
  if (!/^[0-9a-f]+$/i.test(value) || !lengths.includes(value.length))
    throw new Broken(`a hash has ${lengths.join(', ')} hexadecimal digits`, status)
  return value
}

/** @throws Broken */
export function domain(value: string, status = 400): string {
  if (!/^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]+$/i.test(value))
    throw new Broken(`"${value.slice(0, 50)}" is no domain`, status)
  return value
}

/** @throws Broken */
export function url(value: string, status = 400): string {
  if (!URL.canParse(value)) throw new Broken('the value is no URL', status)
  return value
}
