import { type Alert, type Event, toBytes } from '../alert.ts'
import { locationOf } from '../wazuh/queue-message.ts'

/** analysisd reads 65,536 bytes with the location, and the engine 65,278 of the event. */
const most_bytes = 60_000

/**
 * An event as it is analysed: where it comes from, and one line of ASCII.
 *
 * @param agent of the alert that it is about; undefined: the event is the manager's
 */
export function eventOf(name: string, event: Record<string, unknown>, agent: Alert['agent']): Event {
  return { location: locationOf(name, agent), log: toBytes(asciiJson(withinBytes(event, most_bytes))) }
}

/** Cut so that its JSON has at most so many bytes: the longest list or text loses its end until the rest fits. */
export function withinBytes(event: Record<string, unknown>, most: number): Record<string, unknown> {
  if (asciiJson(event).length <= most) return event
  const copy = structuredClone(event)
  while (cutLongest(copy) && asciiJson(copy).length > most);
  return copy
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function cutLongest(root: Record<string, unknown>): boolean {
  let longest: { holder: Record<string, unknown>; key: string; size: number } | undefined
  const look = (holder: Record<string, unknown>) => {
    for (const [key, value] of Object.entries(holder)) {
      const isLeaf = typeof value === 'string' || Array.isArray(value)
      if (isLeaf && value.length > 1) {
        const size = asciiJson(value).length
        if (size > (longest?.size ?? 0)) longest = { holder, key, size }
      } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) look(value as typeof holder)
    }
  }
  look(root)
  if (!longest) return false
  const { holder, key } = longest
  const value = holder[key] as string | unknown[]
  holder[key] = value.slice(0, value.length >> 1)
  return true
}
