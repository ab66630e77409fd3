/** Runs the plain and the fast engine side by side over mutated lines. */
import { createSession, type Decision, type EngineInput, loadRuleset, type Ruleset } from '../index.ts'
import type { Corpus } from './corpora.ts'
import { mutated, seeded } from './mutate.ts'

export interface Difference {
  seed: number
  /** The how manyth of its round, from 1. */
  line: number
  /** Byte string. */
  log: string
  plain: string
  fast: string
}

export interface Round {
  lines: number
  alerts: number
  differences: Difference[]
  /** Of each engine the line that took longest. */
  slowest: Record<Way, Slowest>
}

export type Way = 'plain' | 'fast'

export interface Slowest {
  ms: number
  /** Byte string. */
  log: string
}

/** A corpus, compiled for both ways. */
export interface Engines {
  corpus: Corpus
  plain: Ruleset
  fast: Ruleset
}

export function compile(corpus: Corpus): Engines {
  const load = (plain: boolean) => {
    const { ruleset, messages } = loadRuleset({ ...corpus.sources, plain })
    if (!ruleset) throw new Error(messages.join('\n'))
    return ruleset
  }
  return { corpus, plain: load(true), fast: load(false) }
}

/**
 * Compares every decision of two long sessions: whether an alert is written, its JSON and its text, and so every field, counter and earlier event. The
 * same seed gives the same events. What throws is a difference, too. After a difference both sessions begin anew, so that one is not counted over and over.
 *
 * Time never goes back here: the fast memory relies on it.
 *
 * @param before called before each event with its number from 1
 */
export function compareEngines(
  { corpus, plain, fast }: Engines,
  { lines, seed, before }: { lines: number; seed: number; before?: (line: number, log: string) => void },
): Round {
  const next = seeded(seed)
  const round: Round = {
    lines: 0,
    alerts: 0,
    differences: [],
    slowest: { plain: { ms: 0, log: '' }, fast: { ms: 0, log: '' } },
  }
  const begin = () =>
    (['plain', 'fast'] as const).map((way) => {
      const ruleset = way === 'plain' ? plain : fast
      const session = createSession(ruleset, { hostname: 'vm', mode: corpus.mode, log_alert_level: 1 })
      return { way, ruleset, session }
    })
  const timed = (input: EngineInput, at: number, { way, session }: ReturnType<typeof begin>[number]) => {
    const from = performance.now()
    const shown = describe(() => session.process(input, at))
    const ms = performance.now() - from
    if (ms > round.slowest[way].ms) round.slowest[way] = { ms, log: input.log }
    return shown
  }
  let sessions = begin()
  let now = Date.UTC(2024, 0, 15, 10)
  while (round.lines < lines) {
    const input = nextInput(corpus, next)
    now += next(1_000) === 0 ? next(7_200_000) : next(2_000)
    round.lines++
    before?.(round.lines, input.log)
    if (next(5_000) === 0) for (const { session, ruleset } of sessions) session.reload(ruleset)
    const [exact, quick] = sessions.map((one) => timed(input, now, one)) as [Shown, Shown]
    if (exact.alert) round.alerts++
    if (exact.text === quick.text) continue
    round.differences.push({ seed, line: round.lines, log: input.log, plain: exact.text, fast: quick.text })
    sessions = begin()
  }
  return round
}

/** One line in four is as it was written; one location in ten is that of an agent. */
function nextInput({ lines, channel }: Corpus, next: (below: number) => number): EngineInput {
  const isChannel = channel.length > 0 && next(10) === 0
  const from = isChannel ? channel : lines
  const line = from[next(from.length)]!
  const log = next(4) === 0 ? line : mutated(line, from, next)
  const location = next(10) === 0 ? `[00${next(3)}] (host) 10.0.0.${next(3)}->/var/log/x` : '/var/log/x'
  return isChannel ? { log, location, kind: 'eventchannel' } : { log, location }
}

interface Shown {
  alert: boolean
  text: string
}

function describe(decide: () => Decision): Shown {
  try {
    const decision = decide()
    const { analysed, alert, respond, rule, warnings } = decision
    const parts = [analysed, alert, respond, rule, warnings, decision.json(7), alert ? decision.text(7) : '']
    return { alert, text: JSON.stringify(parts) }
  } catch (error) {
    return { alert: false, text: `throws ${(error as Error).stack}` }
  }
}
