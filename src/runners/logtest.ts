/** Logtest over HTTP: the sessions of the engine, in the form of the API. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { fromBytes, toBytes } from '../alert.ts'
import type { Logtest as LogtestPart } from '../api/parts.ts'
import type { LoadResult } from '../engine/index.ts'
import { Logtest, type LogtestResult } from '../engine/logtest.ts'

/** A new name for a session: 32 random bits, as analysisd makes them. */
export const newToken = () => randomBytes(4).toString('hex')

export function logtestPart(parts: { load(): LoadResult; now(): number; log_alert_level: number }): LogtestPart {
  const logtest = new Logtest({ ...parts, hostname: hostname(), newToken })
  return {
    run: ({ event, location, token }) =>
      toAnswer(logtest.run({ event: toBytes(event), location: toBytes(location), token })),
    close: (token) => toAnswer(logtest.close(token)),
  }
}

function toAnswer({ messages, token, output, alert, codemsg }: LogtestResult) {
  return {
    ...(messages.length > 0 ? { messages: messages.map(fromBytes) } : {}),
    token,
    output: output === undefined ? undefined : JSON.parse(fromBytes(output)),
    alert,
    codemsg,
  }
}
