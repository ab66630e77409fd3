/** An alert as it stands in alerts.log. alerts/log.c: OS_Log, 4.14.7; spec/alerts.md section 5.1. */
import type { AlertParts } from './alert-parts.ts'
import { Static } from './event.ts'

export function alertText(parts: AlertParts, offset: number | string): string {
  const { event, output, walk } = parts
  const { rule, flags } = output!
  const { statics, location } = event
  const line = (label: string, value: string | undefined) => (value === undefined ? '' : `\n${label}: ${value}`)
  const from = location.startsWith('(') ? location : `${event.hostname}->${location}`
  const { shape, values } = event
  const { labels } = shape
  let fields = ''
  // Few and long pieces, because each joint costs as much as a field.
  if (event.decoder) for (let i = 0; i < values.length; i++) if (values[i]) fields += labels[i]! + values[i]!
  return (
    `** Alert ${parts.stamp.seconds}.${offset}:${flags.mail ? ' mail ' : ''} - ${rule.group}\n` +
    `${parts.stamp.line} ${from}\n` +
    `Rule: ${rule.id} (level ${rule.level}) -> '${parts.description}'` +
    line('Src IP', statics[Static.srcip]) +
    line('Src Location', statics[Static.srcgeoip]) +
    line('Src Port', statics[Static.srcport]) +
    line('Dst IP', statics[Static.dstip]) +
    line('Dst Location', statics[Static.dstgeoip]) +
    line('Dst Port', statics[Static.dstport]) +
    line('User', statics[Static.dstuser]) +
    `\n${event.full_log}${fields}\n${walk.notes.map((note) => `${note}\n`).join('')}\n`
  )
}
