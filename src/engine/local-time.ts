/** The manager's local time of the event at hand, in the forms that alerts and rules need. Texts are made once a second. */
import type { Clock } from './rules/conditions.ts'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (value: number) => (value < 10 ? `0${value}` : `${value}`)

export class LocalTime {
  private readonly offset: (at_ms: number) => number
  private at_ms = 0
  private second = Number.NaN
  private head = ''
  private zone = ''
  private line = ''
  private clockNow: Clock = { time: '00:00', weekday: 0 }
  private hourNow = 0

  /** @param offset minutes east of UTC at a moment */
  constructor(offset: (at_ms: number) => number = () => 0) {
    this.offset = offset
  }

  set(at_ms: number): void {
    this.at_ms = at_ms
    const second = Math.floor(at_ms / 1_000)
    if (second === this.second) return
    this.second = second
    const offset = this.offset(at_ms)
    // The fields of UTC, shifted, are those of the local clock.
    const local = new Date((second + offset * 60) * 1_000)
    const year = local.getUTCFullYear()
    const day = two(local.getUTCDate())
    const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`
    const away = Math.abs(offset)
    this.head = `${year}-${two(local.getUTCMonth() + 1)}-${day}T${time}`
    this.zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(away / 60))}${two(away % 60)}`
    this.line = `${year} ${months[local.getUTCMonth()]} ${day} ${time}`
    this.clockNow = { time: time.slice(0, 5), weekday: local.getUTCDay() }
    this.hourNow = local.getUTCHours()
  }

  /** `2026-11-20T21:33:24.030+0000`. */
  timestamp(): string {
    const ms = this.at_ms - this.second * 1_000
    return `${this.head}.${String(Math.floor(ms)).padStart(3, '0')}${this.zone}`
  }

  /** `2026 Nov 20 21:33:24`. */
  text(): string {
    return this.line
  }

  clock(): Clock {
    return this.clockNow
  }

  hour(): number {
    return this.hourNow
  }
}
