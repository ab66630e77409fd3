/** What is the same on both ways to CrowdSec, through `cscli` and through the local API. */
import * as z from 'zod/mini'
import { parseAddressKey } from './keys.ts'

export const decisionOptions = {
  type: z
    ._default(z.enum(['ban', 'captcha', 'throttle']), 'ban')
    .check(z.describe('What bouncers shall do with the address.')),
  scenario: z
    ._default(z.string().check(z.regex(/^[\w./-]+$/)), 'outrider')
    .check(z.describe('Name under which CrowdSec shows our decisions; nothing else may use it.')),
}

/** CrowdSec knows no decision without an end. */
const forEver = 10 * 365 * 86_400

export function durationOf(seconds: number): string {
  return `${seconds > 0 ? seconds : forEver}s`
}

export function scopeOf(key: string): 'Ip' | 'Range' {
  return key.includes('/') ? 'Range' : 'Ip'
}

interface Decision {
  value: string
  scenario: string
  /** `3h59m58s`; with a minus when it is over. */
  duration: string
}

/** The keys of our decisions in force. @param alerts as CrowdSec lists them; null where there is none */
export function keysOf(alerts: unknown, scenario: string): string[] {
  const keys = ((alerts ?? []) as { decisions?: Decision[] }[])
    .flatMap(({ decisions }) => decisions ?? [])
    .filter((decision) => decision.scenario === scenario && !decision.duration.startsWith('-'))
    .flatMap(({ value }) => parseAddressKey(value) ?? [])
  return [...new Set(keys)]
}
