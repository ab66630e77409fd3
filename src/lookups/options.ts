/** Options that every look-up has, and where an alert is looked at. Those of the integrations (`api_key`, `hook_url`, certificates) are the same here. */
import * as z from 'zod/mini'
import type { Subject } from '../define.ts'
import { toSeconds } from '../settings-schema.ts'

type Kind = Subject['kind']

const count = (preset: number, description: string) =>
  z._default(z.int().check(z.minimum(0)), preset).check(z.describe(description))

const duration = (preset: string, description: string) =>
  z
    ._default(z.string().check(z.regex(/^(0|[1-9]\d*[smhdw])$/, 'not a duration such as 30m, 24h or 7d, or 0')), preset)
    .check(z.describe(description))

/** What the runner reads of a look-up's options, whatever the look-up. */
export interface CommonOptions {
  per_minute: number
  per_day: number
  cache: string
  cache_unknown: string
}

/**
 * The quota and the times of the cache, with what is right for the service's free plan.
 *
 * @param preset 0 is no quota; a day is that of UTC
 */
export const limits = (preset: { per_minute?: number; per_day?: number; cache?: string; cache_unknown?: string }) => ({
  per_minute: count(preset.per_minute ?? 0, 'Requests a minute at most; 0 is no limit.'),
  per_day: count(preset.per_day ?? 0, 'Requests a day (of UTC) at most; 0 is no limit.'),
  cache: duration(preset.cache ?? '24h', 'How long an answer is used again, such as 24h; 0 is not at all.'),
  cache_unknown: duration(
    preset.cache_unknown ?? '1h',
    'The same for what the service does not know, which it may learn soon.',
  ),
})

export const fields = z
  .optional(
    z.array(z.string().check(z.regex(/^[\w-]+(\.[\w-]+)*$/, 'not a path such as data.srcip'))).check(z.minLength(1)),
  )
  .check(z.describe('Places in the alert to look at instead of the usual ones, such as [data.srcip].'))

/** @param preset what is asked when nothing is said */
export const asks = <const K extends readonly [Kind, ...Kind[]]>(kinds: K, preset: readonly K[number][]) =>
  z
    ._default(z.array(z.enum(kinds)).check(z.minLength(1)), [...preset])
    .check(z.describe(`What is asked about: ${kinds.join(', ')}.`))

/** Seconds of a duration as {@link limits} takes it. */
export const secondsOf = (text: string): number => (text === '0' ? 0 : toSeconds(text))
