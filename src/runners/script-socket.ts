/**
 * How a built script (`outrider build`) hands its work to an Outrider that runs on the same machine, over the local socket HOME/queue/outrider.sock,
 * where HOME is the folder that holds the script's `integrations/` or `active-response/bin/`.
 *
 * ```
 * script   ──▶ {"v":1,"kind":"alert","program":"custom-slack","definition":"slack","alert":{…}}\n
 * Outrider ──▶ {"taken":true}\n                     it is on disk and will be delivered: the script has nothing more to do
 *              {"taken":false,"reason":"…"}\n       the script does it by itself
 *
 * script   ──▶ {"v":1,"kind":"add","program":"firewall-drop","definition":"firewall-drop","key":"10.0.0.1","seconds":600,"alert":{…}}\n
 * Outrider ──▶ {"taken":true}\n                     there is a lease: Outrider acts, and takes it back on time
 *              {"taken":true,"refused":"…"}\n       a guard said no: nothing is to be done by anyone
 *
 * script   ──▶ {"v":1,"kind":"delete","program":…,"definition":…,"key":"10.0.0.1","alert":{…}}\n
 * Outrider ──▶ {"taken":true}\n                     a lease of Outrider's holds it and ends by itself
 *              {"taken":false,"reason":"…"}\n       not Outrider's: the script takes it back
 * ```
 *
 * One request and one answer per connection. `alert` comes last, byte for byte as the script got it. Whoever may write to the socket may ask for blocks, as
 * with execd's own queue; it belongs to root and the group of HOME/queue.
 *
 * This file is part of every built script, and so imports next to nothing.
 */
import { existsSync } from 'node:fs'
import type { Socket } from 'node:net'

export interface HandOver {
  kind: 'alert' | 'add' | 'delete'
  /** File name of the script: `custom-slack`. */
  program: string
  /** Name of the definition it was built from. */
  definition: string
  /** The alert as JSON, a byte string. */
  alert: string
  /** `add`, `delete`: what is acted on, as the definition names it. */
  key?: string
  /** `add`: how long it is to hold, 0 for ever. */
  seconds?: number
}

/** `refused`: taken, and nothing will be done, for this reason. */
export type HandOverAnswer = { taken: true; refused?: string } | { taken: false; reason: string }

export const socketPath = (home: string) => `${home}/queue/outrider.sock`

/** The line of a request, with its line end, a byte string. */
export function formatHandOver({ alert, ...rest }: HandOver): string {
  const head = Buffer.from(JSON.stringify({ v: 1, ...rest })).toString('latin1')
  // A line end between two members of a JSON text means nothing, within a string there is none.
  return `${head.slice(0, -1)},"alert":${alert.replace(/[\r\n]+/g, ' ')}}\n`
}

/** @returns undefined when the line is no request of ours */
export function parseHandOver(line: string): HandOver | undefined {
  // JSON escapes quotes, so in what comes before no text can look like this.
  const at = line.indexOf(',"alert":')
  if (at < 0 || !line.endsWith('}')) return undefined
  const alert = line.slice(at + 9, -1)
  try {
    const head = JSON.parse(Buffer.from(`${line.slice(0, at)}}`, 'latin1').toString())
    const { v, kind, program, definition, key, seconds } = head
    const isOurs = v === 1 && (kind === 'alert' || kind === 'add' || kind === 'delete')
    if (!isOurs || typeof program !== 'string' || typeof definition !== 'string') return undefined
    if (kind !== 'alert' && typeof key !== 'string') return undefined
    if (kind === 'add' && !(Number.isSafeInteger(seconds) && seconds >= 0)) return undefined
    const value = JSON.parse(Buffer.from(alert, 'latin1').toString())
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return { kind, program, definition, alert, key, seconds }
  } catch {
    return undefined
  }
}

/**
 * Asks the Outrider that listens there. Never rejects.
 *
 * @returns undefined when none runs, or none answers within the time; what it was asked for may then have been done all the same
 */
export function handOver(path: string, request: HandOver, deadline_ms: number): Promise<HandOverAnswer | undefined> {
  if (!existsSync(path)) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    // Loaded here, because with static imports every script would pay for it.
    const net = process.getBuiltinModule('node:net')
    let socket: Socket
    let text = ''
    const end = (answer: HandOverAnswer | undefined): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => end(undefined), deadline_ms)
    socket = net.connect(path)
    socket.on('error', () => end(undefined)) // ENOENT, ECONNREFUSED, EACCES: nobody who could help
    socket.on('close', () => end(undefined))
    socket.setEncoding('utf8')
    socket.on('data', (part: string) => {
      text += part
      if (text.includes('\n') || text.length > 65_536) end(parseAnswer(text))
    })
    socket.write(formatHandOver(request), 'latin1')
  })
}

function parseAnswer(text: string): HandOverAnswer | undefined {
  try {
    const { taken, refused, reason } = JSON.parse(text)
    if (taken === true) return typeof refused === 'string' ? { taken, refused } : { taken }
    return taken === false ? { taken, reason: String(reason) } : undefined
  } catch {
    return undefined
  }
}
