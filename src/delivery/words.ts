/**
 * What messages say besides the alert itself, in the language of the destination: how late it comes, how many more there were, that it is over and why.
 * Reachable by scripts: nothing heavy is imported here.
 */
import type { Alert } from '../alert.ts'
import { parseTimestamp } from '../clock.ts'
import type { Style } from '../define.ts'
import { oneLine } from '../integrations/message.ts'
import type { IncidentPart } from './incidents.ts'

type Language = Style['language']

/** What is older than this when it is sent says so. */
export const late_ms = 5 * 60_000

/** `12 min`, `3 h`, `2 days`. */
export function spanWords(seconds: number, language: Language): string {
  const isRussian = language === 'ru'
  if (seconds < 60) return `${Math.round(seconds)} ${isRussian ? 'с' : 's'}`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} ${isRussian ? 'мин' : 'min'}`
  const hours = Math.floor(seconds / 3600)
  if (hours < 48) return `${hours} ${isRussian ? 'ч' : 'h'}`
  return `${Math.floor(hours / 24)} ${isRussian ? 'дн.' : 'days'}`
}

/** How long ago it happened, such as before an outage; empty for what comes in time. */
export function lateness({ timestamp }: Alert, now: number, language: Language): string {
  const happened = parseTimestamp(timestamp)
  return happened === undefined || now - happened < late_ms ? '' : spanWords((now - happened) / 1000, language)
}

/** A title with its marks. */
export function markedTitle(
  title: string,
  {
    alert,
    now,
    incident,
    language,
  }: { alert: Alert; now: number; incident: IncidentPart | undefined; language: Language },
): string {
  const { more = 0, is_over = false } = incident ?? {}
  const isRussian = language === 'ru'
  const told = more === 0 ? '' : isRussian ? ` (и ещё ${more})` : ` (+${more} more)`
  // The end of an incident is news of now, whatever alert it shows.
  if (is_over) return `${isRussian ? '[закрыто]' : '[resolved]'} ${title}${told}`
  const late = lateness(alert, now, language)
  const mark = late === '' ? '' : isRussian ? `[опоздание ${late}] ` : `[${late} late] `
  return `${mark}${title}${told}`
}

/** What stands above the facts of the alert; empty when there is nothing to say. */
export function preface(alert: Alert, incident: IncidentPart | undefined, language: Language): string {
  const { more = 0 } = incident ?? {}
  const isRussian = language === 'ru'
  const lines = incident?.is_over ? [whyOver(alert, incident, language)] : []
  if (more > 0)
    lines.push(isRussian ? `Ещё ${more} таких с прошлого сообщения.` : `${more} more like this since the last message.`)
  return lines.join('\n')
}

/** The sentence that says why an incident is over. */
export function whyOver({ rule }: Alert, { over }: IncidentPart, language: Language): string {
  const isRussian = language === 'ru'
  switch (over?.by) {
    case 'alert': {
      const says = `${oneLine(rule?.id)} (${oneLine(rule?.description)})`
      return isRussian ? `Закрыто правилом ${says}.` : `Resolved by rule ${says}.`
    }
    case 'block':
      return isRussian ? `Блокировка ${over.target} снята.` : `The block of ${over.target} has ended.`
    case 'quiet': {
      const span = spanWords(over.seconds, language)
      return isRussian ? `Нового не было: ${span}.` : `Nothing more happened for ${span}.`
    }
    default:
      return isRussian ? 'Нового не было.' : 'Nothing more happened.'
  }
}
