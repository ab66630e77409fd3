/** Whether the look-ups that destinations want to be told of (`lookups`) are there. */
import type { Destination } from './config.ts'
import { didYouMean } from './nearest.ts'
import type { Reading } from './settings-reading.ts'

/**
 * Takes out what cannot be asked, and says why: what is said of an alert is not worth losing the alert.
 *
 * @param known.types of look-ups
 * @param known.left_out destinations that stand in the configuration and are left out for mistakes of their own
 * @param known.has_geoip whether there is a GeoIP database
 */
export function checkLookups(
  reading: Pick<Reading, 'report'>,
  destinations: Destination[],
  { types, left_out, has_geoip }: { types: string[]; left_out: string[]; has_geoip: boolean },
): void {
  const asked = destinations.filter(({ type }) => types.includes(type))
  const names = asked.map(({ name }) => name)

  function mistakeIn(name: string, before: string[]): { message: string; hint: string } | undefined {
    if (before.includes(name)) return { message: `"${name}" stands there twice`, hint: 'take one of them out' }
    if (name === 'geoip')
      return has_geoip
        ? undefined
        : { message: 'there is no GeoIP database', hint: 'name one with the setting geoip, beside destinations' }
    const one = destinations.find((other) => other.name === name)
    if (!one)
      return {
        message: `there is no look-up "${name}"`,
        hint:
          didYouMean(name, [...names, 'geoip']) ??
          (names.length > 0 ? `look-ups are ${names.join(', ')}` : `add a destination of the type ${types.join(', ')}`),
      }
    if (!types.includes(one.type))
      return {
        message: `"${name}" is no look-up but ${one.type}`,
        hint: `look-ups are of the type ${types.join(', ')}`,
      }
    const same = asked.find((other) => before.includes(other.name) && other.type === one.type)
    return same && { message: `"${name}" asks ${one.type}, as "${same.name}" does`, hint: 'name one of the two' }
  }

  for (const destination of destinations) {
    const { name, type, lookups, lookup_wait } = destination
    const path = ['destinations', name]
    if (lookups === undefined) {
      if (lookup_wait === undefined) continue
      reading.report(
        'error',
        [...path, 'lookup_wait'],
        'means nothing without lookups',
        'say which look-ups are asked, such as lookups: [geoip]',
      )
      destination.lookup_wait = undefined
      continue
    }
    const fine: string[] = []
    if (types.includes(type))
      reading.report('error', [...path, 'lookups'], 'a look-up is told nothing by others', 'take lookups out')
    else
      for (const [n, wanted] of lookups.entries()) {
        if (left_out.includes(wanted)) {
          const message = `"${wanted}" is left out for a mistake of its own, so nothing is told of it`
          reading.report('warning', [...path, 'lookups', n], message, 'mend what is reported for it')
          continue
        }
        const mistake = mistakeIn(wanted, fine)
        if (mistake) reading.report('error', [...path, 'lookups', n], mistake.message, mistake.hint)
        else fine.push(wanted)
      }
    destination.lookups = fine.length > 0 ? fine : undefined
  }
}
