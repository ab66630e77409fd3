/** Sessions of `PUT /logtest`, as the analysis daemon keeps them (spec/engine-logtest.md sections 2 and 3): private counters and memories on a shared ruleset. */
import { randomBytes } from 'node:crypto'
import { fromBytes, toBytes } from '../alert.ts'
import type { Logtest, LogtestAnswer } from '../api/parts.ts'
import { createSession, type Ruleset, type Session } from '../engine/index.ts'

interface Open {
  session: Session
  last_used: number
}

/** @param parts `max_sessions` and `timeout_ms` have the defaults of `<rule_test>` */
export function createLogtestSessions(parts: {
  ruleset(): Ruleset | undefined
  hostname: string
  log_alert_level?: number
  now(): number
  max_sessions?: number
  timeout_ms?: number
}): Logtest {
  const { now, max_sessions = 64, timeout_ms = 900_000 } = parts
  const sessions = new Map<string, Open>()

  function open(ruleset: Ruleset): string {
    for (const [token, { last_used }] of sessions) if (now() - last_used > timeout_ms) sessions.delete(token)
    if (sessions.size >= max_sessions) {
      const [oldest] = [...sessions].sort((a, b) => a[1].last_used - b[1].last_used)
      if (oldest) sessions.delete(oldest[0])
    }
    const { hostname, log_alert_level } = parts
    const session = createSession(ruleset, { hostname, mode: 'logtest', log_alert_level })
    const token = randomBytes(4).toString('hex')
    sessions.set(token, { session, last_used: now() })
    return token
  }

  return {
    run({ event, location, token }): LogtestAnswer {
      const ruleset = parts.ruleset()
      if (!ruleset) return { codemsg: -1, messages: ['ERROR: (7311): Failure to initializing session'] }
      const messages: string[] = []
      let name = token
      if (name === undefined || !sessions.has(name)) {
        if (name !== undefined) messages.push(`WARNING: (7003): '${name}' token expires`)
        name = open(ruleset)
        messages.push(`INFO: (7202): Session initialized with token '${name}'`)
      }
      const found = sessions.get(name)!
      found.last_used = now()
      const decision = found.session.process({ log: toBytes(event), location: toBytes(location) }, now())
      for (const warning of decision.warnings) messages.push(`WARNING: ${warning}`)
      if (!decision.analysed) {
        messages.push('ERROR: (7312): Failed to process the event')
        return { messages, token: name, codemsg: -1 }
      }
      return {
        ...(messages.length > 0 ? { messages } : {}),
        token: name,
        output: JSON.parse(fromBytes(decision.json(0))),
        alert: decision.alert,
        codemsg: messages.some((message) => message.startsWith('WARNING')) ? 1 : 0,
      }
    },
    close(token): LogtestAnswer {
      if (!sessions.delete(token))
        return { codemsg: -1, messages: [`ERROR: (7004): No session found for token '${token}'`] }
      return { codemsg: 0, messages: [`INFO: (7206): The session '${token}' was closed successfully`] }
    },
  }
}
