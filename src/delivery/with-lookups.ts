/**
 * Tells a destination what look-ups say of an alert: right before it is sent they are asked, and what they say goes into the alert as `lookups`.
 *
 *   {"timestamp":…,"location":"sshd"}  ─▶  {"timestamp":…,"location":"sshd","lookups":{"abuseipdb":{"found":1,…},"virustotal":{"error":"…"}}}
 *
 * - An alert is sent `lookup_wait` later at most, whatever the services do; what they say after that is in their cache for the next try, and the next alert.
 * - The line keeps its bytes, since what is added stands at its end. The line of the log stays what the alert is known by (`original`): what services say may
 *   differ between two tries, and the idempotency key must not.
 * - What a destination rejects is offered once more as it stands in the log, so that nothing is lost by what was added: a field that an index has as another
 *   type, a limit on the size.
 */
import { toBytes } from '../alert.ts'
import type { Fact, Style } from '../define.ts'
import { cut, oneLine } from '../integrations/message.ts'
import { type Attempt, alertJson } from './attempt.ts'
import type { Item, Sender } from './send.ts'
import type { AskLookups, Finding, Question } from './types.ts'

/** Of one line for people; what an integration cuts to is more. */
const most_characters = 200

const unwelcome = 'an alert was rejected with what look-ups say, and is sent without'

export interface WithLookups {
  ask: AskLookups
  /** Seconds; 0: only what is known already is told. */
  lookup_wait?: number | undefined
  language: Style['language']
  /** Calls back after so many milliseconds; the returned function cancels. */
  schedule(ms: number, run: () => void): () => void
  warn(message: string): void
}

/** The same sender, whose alerts tell what look-ups say of them. */
export function withLookups(sender: Sender, { ask, lookup_wait = 5, language, schedule, warn }: WithLookups): Sender {
  const { batch } = sender
  const warned = new Set<string>()

  /** Once of each kind: it may be so with every alert. */
  function warnOnce(what: string, reason: string): void {
    if (!warned.has(what)) warn(`${what}: ${reason}`)
    warned.add(what)
  }

  /** All as they go out: those about which there is something to tell, with that. */
  async function tellAll(items: readonly Item[], signal: AbortSignal): Promise<Item[]> {
    try {
      const asked = items.map((item) => (isAskedAbout(item) ? ask(item.alert, lookup_wait === 0) : []))
      const findings = await answersTo(asked.flat(), signal)
      return items.map((item, n) => {
        const questions = asked[n]!
        return questions.length === 0 ? item : withFindings(item, questions, findings, language)
      })
    } catch (error) {
      // A fault in what asks, or in a definition of a look-up; the alert is worth more.
      warnOnce('what look-ups say cannot be told, and alerts are sent without', (error as Error).message)
      return [...items]
    }
  }

  /** The answers that come in time. */
  async function answersTo(questions: Question[], signal: AbortSignal): Promise<Map<Question, Finding>> {
    const findings = new Map<Question, Finding>()
    const waiting: Promise<void>[] = []
    for (const question of questions) {
      const { answer } = question
      if (answer instanceof Promise) waiting.push(answer.then((finding) => void findings.set(question, finding)))
      else findings.set(question, answer)
    }
    if (waiting.length > 0 && !signal.aborted) {
      let stop = () => {}
      const over = new Promise<void>((resolve) => (stop = resolve))
      const cancel = schedule(lookup_wait * 1000, stop)
      signal.addEventListener('abort', stop, { once: true })
      try {
        await Promise.race([Promise.all(waiting), over])
      } finally {
        signal.removeEventListener('abort', stop)
        cancel()
      }
    }
    for (const question of questions) {
      if (findings.has(question)) continue
      findings.set(question, { kind: 'none', reason: `no answer within ${lookup_wait} s` })
      if (!signal.aborted) question.missed()
    }
    return findings
  }

  /** Why this try has failed by what was added; undefined: it has not, or nothing was added. */
  function refusal(attempt: Attempt, sent: Item, given: Item, signal: AbortSignal): string | undefined {
    const { outcome } = attempt
    return sent !== given && outcome.kind === 'rejected' && !signal.aborted ? outcome.reason : undefined
  }

  return {
    resolves: sender.resolves,
    async send(item, signal) {
      const [sent] = (await tellAll([item], signal)) as [Item]
      const attempt = await sender.send(sent, signal)
      const refused = refusal(attempt, sent, item, signal)
      if (refused === undefined) return attempt
      const again = await sender.send(item, signal)
      if (again.outcome.kind === 'delivered') warnOnce(unwelcome, refused)
      return again
    },
    ...(batch && {
      batch: {
        max_count: batch.max_count,
        get max_bytes() {
          return batch.max_bytes
        },
        async send(items, signal) {
          const sent = await tellAll(items, signal)
          const attempts = await batch.send(sent, signal)
          const refused = items.flatMap((item, n) => {
            const reason = refusal(attempts[n]!, sent[n]!, item, signal)
            return reason === undefined ? [] : [{ n, item, reason }]
          })
          if (refused.length === 0) return attempts
          const again = await batch.send(
            refused.map(({ item }) => item),
            signal,
          )
          for (const [at, { n, reason }] of refused.entries()) {
            attempts[n] = again[at]!
            if (again[at]!.outcome.kind === 'delivered') warnOnce(unwelcome, reason)
          }
          return attempts
        },
      },
    }),
    close: () => sender.close(),
  }
}

/** Not about the end of an incident, nor about summaries; and what tells of look-ups already is left as it is. */
function isAskedAbout({ alert, incident }: Item): boolean {
  return !incident?.is_over && !incident?.is_summary && !Object.hasOwn(alert, 'lookups')
}

function withFindings(
  item: Item,
  questions: readonly Question[],
  findings: ReadonlyMap<Question, Finding>,
  language: Style['language'],
): Item {
  const { line, alert } = item
  const lookups: Record<string, unknown> = {}
  const facts: Fact[] = []
  for (const [service, asked] of Map.groupBy(questions, (question) => question.service)) {
    const told = asked.map((question) => ({ question, finding: findings.get(question)! }))
    lookups[service] = saidOf(told)
    facts.push({ name: asked[0]!.title, value: cut(wordsOf(told, language).toWellFormed(), most_characters) })
  }
  // As it will be read from the line.
  const json = alertJson(toBytes(JSON.stringify(lookups)))
  const end = line.lastIndexOf('}')
  const comma = line.slice(0, end).trimEnd().endsWith('{') ? '' : ','
  return {
    ...item,
    alert: { ...alert, lookups: JSON.parse(json) },
    line: `${line.slice(0, end)}${comma}"lookups":${toBytes(json)}${line.slice(end)}`,
    original: line,
    facts,
  }
}

interface Told {
  question: Question
  finding: Finding
}

const ranks: Record<Finding['kind'], number> = { known: 0, none: 1, unknown: 2 }

/** Of a service that was asked about several things: what it says of the one that it knows, and the rest as `others`. */
function saidOf(told: readonly Told[]): Record<string, unknown> {
  const sorted = told.toSorted((a, b) => ranks[a.finding.kind] - ranks[b.finding.kind])
  const [first, ...others] = sorted.map(({ question: { about }, finding }) => {
    if (finding.kind !== 'none') return finding.said
    return { error: finding.reason, ...(told.length > 1 && about && { source: { [about.kind]: about.value } }) }
  })
  return others.length > 0 ? { ...first, others } : first!
}

function wordsOf(told: readonly Told[], language: Style['language']): string {
  const isRussian = language === 'ru'
  const known = told.flatMap(({ question: { about }, finding }) => {
    if (finding.kind !== 'known') return []
    const parts = finding
      .words(language ?? 'en')
      .map(oneLine)
      .filter(Boolean)
    const words = parts.join(', ') || (isRussian ? 'известно' : 'known')
    return told.length > 1 && about ? [`${cut(oneLine(about.value), 64)}: ${words}`] : [words]
  })
  if (known.length > 0) return known.join('; ')
  const failed = told.find(({ finding }) => finding.kind === 'none')?.finding
  if (failed?.kind === 'none') return `${isRussian ? 'нет ответа' : 'no answer'} (${oneLine(failed.reason)})`
  return isRussian ? 'неизвестно' : 'not known'
}
