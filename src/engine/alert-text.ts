/** An alert as it stands in alerts.log. alerts/log.c: OS_Log, 4.14.7; spec/alerts.md section 5.1. Plainly, as alert-json.ts. */
import type { AlertParts } from './alert-parts.ts'
import { Static } from './event.ts'

export function alertText(parts: AlertParts, offset: number): string {
  const { event, output, walk } = parts
  const { rule, flags } = output!
  const { statics, location } = event
  const line = (label: string, value: string | undefined) => (value === undefined ? '' : `\n${label}: ${value}`)
  const from = location.startsWith('(') ? location : `${event.hostname}->${location}`
  const { shape, values } = event
  const fields = event.decoder ? shape.names.map((name, i) => line(name, values[i] || undefined)).join('') : ''
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
