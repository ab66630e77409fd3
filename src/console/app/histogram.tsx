/** The last half hour of alerts, a bar a minute, coloured by level. */
import { clockTime, severity } from './format.ts'
import { allRows } from './live.ts'
import { now } from './store.ts'

const minutes = 30
const steps = ['low', 'medium', 'high', 'critical'] as const

export function Histogram() {
  const last = Math.floor(now.value / 60_000)
  const bars = Array.from({ length: minutes }, () => ({ low: 0, medium: 0, high: 0, critical: 0 }))
  const list = allRows.value
  for (let i = list.length - 1; i >= 0; i--) {
    const { time, level } = list[i]!
    const bar = bars[minutes - 1 - (last - Math.floor(time / 60_000))]
    if (bar) bar[severity(level)]++
  }
  const totals = bars.map((bar) => bar.low + bar.medium + bar.high + bar.critical)
  const most = Math.max(...totals)
  if (most === 0) return null
  return (
    <div class="histogram">
      <svg
        viewBox={`0 0 ${minutes * 10} 40`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Alerts per minute, at most ${most}`}
      >
        {bars.map((bar, i) => {
          let y = 40
          return (
            <g key={last + i}>
              <title>{`${clockTime((last - minutes + 1 + i) * 60_000).slice(0, 5)}: ${totals[i]} alerts`}</title>
              <rect class="back" x={i * 10} y={0} width={8} height={40} />
              {steps.map((step) => {
                const height = (bar[step] / most) * 40
                y -= height
                return height > 0 && <rect key={step} class={step} x={i * 10} y={y} width={8} height={height} />
              })}
            </g>
          )
        })}
      </svg>
      <div class="axis">
        <span>{clockTime((last - minutes + 1) * 60_000).slice(0, 5)}</span>
        <span>alerts per minute, at most {most}</span>
        <span>now</span>
      </div>
    </div>
  )
}
