/** SonicWall_Decoder (spec/engine-decoders.md section 7.3; sonicwall_decoder.c, 4.14.7). */
import type { EngineEvent } from '../../event.ts'
import { Static } from '../../event.ts'
import type { Pattern } from '../../patterns/index.ts'
import { compilePattern } from '../../patterns/index.ts'

const priority = compiled('pri=(\\d) c=(\\d+) m=(\\d+) ')
const addresses = compiled('src=(\\d+.\\d+.\\d+.\\d+):(\\d+):\\S+ dst=(\\d+.\\d+.\\d+.\\d+):(\\d+):')
const proxy = compiled('result=(\\d+) dstname=(\\S+) arg=(\\S+)$')

function compiled(source: string): Pattern {
  const { pattern, error } = compilePattern('osregex', source, { captures: true })
  if (!pattern) throw new Error(`a pattern of SonicWall_Decoder does not compile: ${error.message}`)
  return pattern
}

const maxProtocol = 6

/** What the firewall did, by the number of the message. */
const actions: Record<string, string> = {
  98: 'pass',
  597: 'pass',
  598: 'pass',
  36: 'drop',
  37: 'drop',
  38: 'drop',
  173: 'drop',
  174: 'drop',
  537: 'close',
}

/** Each pattern goes on at the byte where the last one ended. Also says what kind of event it is, whatever the decoder's type. */
export function decodeSonicWall(event: EngineEvent): void {
  const { log, statics } = event
  event.type = 'syslog'
  const head = priority.exec(log)
  if (head?.captures.length !== 3) return
  const [status, category, id] = head.captures as [string, string, string]
  statics[Static.status] = status
  statics[Static.id] = id

  const ends = addresses.exec(log, Math.max(head.end, 0))
  if (ends?.captures.length !== 4) return
  ;[statics[Static.srcip], statics[Static.srcport], statics[Static.dstip], statics[Static.dstport]] = ends.captures
  const space = log.indexOf(' ', Math.max(ends.end, 0))
  let at: number | undefined = space === -1 ? undefined : space + 1
  if (at !== undefined && log.startsWith('proto=', at)) {
    const start = at + 6
    at = start
    // The table of name bytes is only asked whether it has an entry, and it has one for all bytes but 1.
    while (at < log.length && at - start < maxProtocol && log[at] !== '/' && log[at] !== '\x01') at++
    statics[Static.protocol] = log.slice(start, at)
  }

  if (category === '32') event.type = 'ids'
  else if (Object.hasOwn(actions, id)) {
    event.type = 'firewall'
    statics[Static.action] = actions[id]
  } else if (id === '97') {
    event.type = 'squid'
    const page = at === undefined ? undefined : proxy.exec(log, at)
    if (!page || page.captures.length === 0) return
    statics[Static.id] = page.captures[0]
    if (page.captures.length === 3) statics[Static.url] = page.captures[1]! + page.captures[2]!
  }
}
