/** What a look-up would ask about one alert, and, when wanted, what comes of it: without cache, without a trace, and not counted in Outrider's own quota. */
import type { Destination } from '../config.ts'
import type { Lookup, TlsOptions } from '../define.ts'
import { parseAlert, showRequest } from '../delivery/attempt.ts'
import { createHttpClient } from '../delivery/http.ts'
import type { Trial } from '../delivery/trial.ts'
import { askOnce, most_answer_bytes } from './ask.ts'

/** @param line the alert as a byte string */
export async function tryLookup(
  destination: Destination,
  lookup: Lookup,
  line: string,
  { now, mask, send }: { now(): number; mask(text: string): string; send: boolean },
): Promise<Trial> {
  const alert = parseAlert(line)
  if (!alert) return { request: '', outcome: { kind: 'rejected', reason: 'the line is no alert' } }
  const { options, deadline } = destination
  const subjects = lookup.subjects(alert, options)
  if (subjects.length === 0)
    return { request: '', outcome: { kind: 'delivered', reason: 'nothing in this alert is asked about' } }
  const request = mask(subjects.map((subject) => showRequest(lookup.request(subject, options)).trimEnd()).join('\n\n'))
  if (!send) return { request }
  const http = createHttpClient(1, options as TlsOptions, most_answer_bytes)
  try {
    const told: string[] = []
    for (const subject of subjects) {
      const { answer } = await askOnce(
        lookup,
        options,
        subject,
        (made) => http.send(made, deadline * 1000, true),
        now(),
      )
      if (answer.kind !== 'known' && answer.kind !== 'unknown')
        return { request, outcome: { kind: answer.kind, reason: mask(answer.reason) }, answer: told.join('\n') }
      const event = lookup.event(answer.kind === 'known' ? answer.fields : undefined, subject, alert, options)
      told.push(event ? JSON.stringify(event, null, 2) : `${subject.value} is not known there, which is no event`)
    }
    return { request, outcome: { kind: 'delivered' }, answer: mask(told.join('\n')) }
  } finally {
    await http.close()
  }
}
