/** The manager's local time of the event at hand, in the forms that alerts and rules need. Texts are made once a second. */
import type { Clock } from './rules/conditions.ts'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (value: number) => (value < 10 ? `0${value}` : `${value}`)

/** Texts of one second; they never change. */
export interface Stamp {
  /** Seconds since 1970. */
  seconds: number
  /** `2026-11-20T21:33:24`. */
  head: string
  /** `+0000`. */
  zone: string
  /** `2026 Nov 20 21:33:24`. */
  line: string
  /** `1795210404.`, as ids of alerts begin. */
  id: string
  clock: Clock
  hour: number
}

export class LocalTime {
  private readonly offset: (at_ms: number) => number
  private current: Stamp

  /** @param offset minutes east of UTC at a moment */
  constructor(offset: (at_ms: number) => number = () => 0) {
    this.offset = offset
    this.current = makeStamp(0, 0)
  }

  /** The texts for a moment. */
  at(at_ms: number): Stamp {
    const seconds = Math.floor(at_ms / 1_000)
    if (seconds !== this.current.seconds) this.current = makeStamp(seconds, this.offset(at_ms))
    return this.current
  }

  /** The clock of the moment that was last asked for. */
  clock(): Clock {
    return this.current.clock
  }
}

function makeStamp(seconds: number, offset: number): Stamp {
  // The fields of UTC, shifted, are those of the local clock.
  const local = new Date((seconds + offset * 60) * 1_000)
  const year = local.getUTCFullYear()
  const day = two(local.getUTCDate())
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`
  const away = Math.abs(offset)
  return {
    seconds,
    head: `${year}-${two(local.getUTCMonth() + 1)}-${day}T${time}`,
    zone: `${offset < 0 ? '-' : '+'}${two(Math.floor(away / 60))}${two(away % 60)}`,
    line: `${year} ${months[local.getUTCMonth()]} ${day} ${time}`,
    id: `${seconds}.`,
    clock: { time: time.slice(0, 5), weekday: local.getUTCDay() },
    hour: local.getUTCHours(),
  }
}

/** `2026-11-20T21:33:24.030+0000`. */
export function timestampOf({ seconds, head, zone }: Stamp, at_ms: number): string {
  const ms = Math.floor(at_ms - seconds * 1_000)
  return `${head}.${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}${zone}`
}
