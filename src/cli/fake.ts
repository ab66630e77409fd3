import { setTimeout as wait } from 'node:timers/promises'
import { stringify } from 'yaml'
import type { Fake } from '../fakes/define.ts'
import { type Faults, seeded } from '../fakes/faults.ts'
import { fakes } from '../fakes/index.ts'
import { type Counts, type Note, type RunningFake, startFake } from '../fakes/server.ts'
import { didYouMean } from '../nearest.ts'
import { UserError } from '../problem.ts'
import { makeVisible, print, styled, table } from './output.ts'

export interface FakeOptions {
  port: number
  faults: Faults
  latency: number
  seed?: number
  json?: boolean
}

/** `outrider fake`: a destination on this machine that knows its vendor's rules, until a signal comes. */
export async function fake(
  name: string | undefined,
  { port, faults, latency, seed, json }: FakeOptions,
): Promise<void> {
  if (name === undefined) return list(json)
  const load = fakes[name]
  if (!load) {
    const names = Object.keys(fakes)
    throw new UserError(`there is no fake "${name}"`, didYouMean(name, names) ?? `there are ${names.join(', ')}`)
  }
  const share = Object.values(faults).reduce((sum, one) => sum + one, 0)
  if (share > 1.000_001)
    throw new UserError(`the faults make ${Math.round(share * 100)} % together`, 'give at most 100 %')
  const { default: definition } = await load()
  const random = seed === undefined ? Math.random : seeded(seed)
  const tell = (note: Note) => print(json ? JSON.stringify({ time: new Date().toISOString(), ...note }) : lineOf(note))
  const running = await startFake(definition, { port, faults, latency_ms: latency, random, now: Date.now, tell }).catch(
    (error: unknown) => {
      throw cannotListen(error as NodeJS.ErrnoException, port)
    },
  )
  print(
    json
      ? JSON.stringify({ message: 'ready', url: running.url, settings: settingsFor(definition, running.url) })
      : welcome(definition, running),
  )
  await new Promise<void>((resolve) => {
    // One key press may come more than once, see up.ts.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
  })
  await Promise.race([running.close(), wait(2000, undefined, { ref: false })])
  print(json ? JSON.stringify({ message: 'summary', ...running.counts }) : `\n${summary(running.counts)}`)
}

async function list(json: boolean | undefined): Promise<void> {
  const all = await Promise.all(Object.values(fakes).map(async (load) => (await load()).default))
  if (json) for (const { name, source } of all) print(JSON.stringify({ name, source }))
  else
    print(
      table(
        ['name', 'its rules stand in'],
        all.map(({ name, source }) => [name, source]),
      ),
    )
}

function cannotListen(error: NodeJS.ErrnoException, port: number): unknown {
  if (error.code === 'EADDRINUSE')
    return new UserError(`port ${port} is taken`, 'give another one, or leave --port out for one that is free')
  if (error.code === 'EACCES')
    return new UserError(
      `port ${port} is for root only`,
      'give one above 1023, or leave --port out for one that is free',
    )
  return error
}

/** What of outrider.yaml sends to it. */
function settingsFor({ name, destinations, response }: Fake, url: string): Record<string, unknown> {
  const entries = Object.entries(destinations?.(url) ?? {}).map(([key, options]) => [key, { type: name, ...options }])
  return {
    ...(entries.length > 0 && { destinations: Object.fromEntries(entries) }),
    ...(response && { responses: { options: { [name]: response(url) } } }),
  }
}

function welcome(definition: Fake, { url }: RunningFake): string {
  return `${styled('bold', `A fake of ${definition.name} listens on ${url}`)}; its rules: ${definition.source}
In outrider.yaml, to send to it:

${stringify(settingsFor(definition, url))}
Ctrl-C ends it.
`
}

const colours = { accepted: 'green', refused: 'red', fault: 'yellow' } as const

function lineOf({ verdict, request, status, what, lost, duplicates }: Note): string {
  const time = new Date().toTimeString().slice(0, 8)
  const more = [lost && 'the answer was lost on purpose', duplicates > 0 && 'duplicate'].filter(Boolean)
  const told = [what, ...(more.length > 0 ? [`(${more.join(', ')})`] : [])].filter(Boolean).join(' ')
  return [time, styled(colours[verdict], verdict.padEnd(8)), status ?? '---', makeVisible(`${request}  ${told}`)].join(
    '  ',
  )
}

function summary({ requests, accepted, refused, faults, duplicates }: Counts): string {
  const refusals = refused > 0 ? styled('red', `${refused} refused`) : '0 refused'
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`
  return `${count(requests, 'request')}: ${accepted} accepted, ${refusals}, ${count(faults, 'fault')}; ${count(duplicates, 'duplicate')}`
}
