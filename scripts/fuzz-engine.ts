// npm run -s fuzz:engine -- [--lines 1000000] [--seed 1]: mutated log lines through the plain and the fast engine side by side, event by event. Lines and
// rules are those of Wazuh's test suite and of the recordings in ../shared, or else our own. They come in rounds of 25,000 with new sessions; the first round
// has the seed that is given, the next one the seed after it, so `--seed S --lines N` with what a difference names repeats it. A line that takes longer than
// ten seconds is taken for a hang and ends the run; the engine works in a thread of its own, so that somebody is left to say so.
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { compareEngines, compile, type Difference, type Round } from '../src/engine/testing/compare.ts'
import { corpora } from '../src/engine/testing/corpora.ts'

const round_size = 25_000
const hang_ms = 10_000
/** More would only repeat the same mistake. */
const shown_at_most = 20
const longest = 65_536

/** What the worker is doing: number of the seed, of the line, length of the log; then the log. */
interface Orders {
  lines: number
  seed: number
  now: SharedArrayBuffer
}

if (isMainThread) await watch()
else work(workerData)

function work({ lines, seed, now }: Orders): void {
  const state = new Int32Array(now, 0, 3)
  const text = Buffer.from(now, 12)
  const engines = corpora().map(compile)
  parentPort!.postMessage(engines.map(({ corpus }) => corpus.name).join(', '))
  for (let done = 0; done < lines; done += round_size) {
    const round = seed + done / round_size
    const report = compareEngines(engines[round % engines.length]!, {
      lines: Math.min(round_size, lines - done),
      seed: round,
      before(line, log) {
        state[0] = round
        state[2] = text.write(log, 'latin1')
        Atomics.store(state, 1, line)
      },
    })
    parentPort!.postMessage(report)
  }
}

async function watch(): Promise<void> {
  const { lines, seed } = readArguments()
  const orders: Orders = { lines, seed, now: new SharedArrayBuffer(12 + longest) }
  const worker = new Worker(new URL(import.meta.url), { workerData: orders })
  const total = { lines: 0, alerts: 0, differing: 0 }
  const slowest: Round['slowest'] = { plain: { ms: 0, log: '' }, fast: { ms: 0, log: '' } }
  const began = performance.now()
  const stopWatching = watchForHang(orders.now, () => worker.terminate())
  worker.on('message', (report: Round | string) => {
    if (typeof report === 'string') return print(`loaded: ${report}`)
    for (const difference of report.differences) if (total.differing++ < shown_at_most) print(shown(difference))
    total.lines += report.lines
    total.alerts += report.alerts
    for (const way of ['plain', 'fast'] as const)
      if (report.slowest[way].ms > slowest[way].ms) slowest[way] = report.slowest[way]
    const seconds = (performance.now() - began) / 1_000
    print(
      `${total.lines} of ${lines} lines, ${total.differing} differ, ${total.alerts} alerts, ${Math.round(seconds)} s (${Math.round(total.lines / seconds)}/s)`,
    )
  })
  worker.on('error', (error) => print(`the run broke off: ${error.stack}`))
  await new Promise((resolve) => worker.on('exit', resolve))
  stopWatching()
  for (const [way, { ms, log }] of Object.entries(slowest)) {
    print(`slowest line of the ${way} engine: ${ms.toFixed(1)} ms: ${JSON.stringify(log.slice(0, 300))}`)
  }
  const equal = total.lines - total.differing
  print(`${equal}/${lines} equal`)
  process.exitCode = equal === lines ? 0 : 1
}

function watchForHang(now: SharedArrayBuffer, stop: () => void): () => void {
  const [seed, line, length] = [0, 1, 2]
  const state = new Int32Array(now, 0, 3)
  let [last, since] = ['', performance.now()]
  const timer = setInterval(() => {
    const at = Atomics.load(state, line!)
    const place = `${state[seed!]} ${at}`
    if (place !== last || at === 0) [last, since] = [place, performance.now()]
    else if (performance.now() - since > hang_ms) {
      const log = Buffer.from(now, 12, state[length!]).toString('latin1')
      print(`seed ${state[seed!]} line ${at}: no answer for ${hang_ms / 1_000} s\n  ${JSON.stringify(log)}`)
      stop()
    }
  }, 1_000)
  return () => clearInterval(timer)
}

function shown({ seed, line, log, plain, fast }: Difference): string {
  let same = 0
  while (same < plain.length && plain[same] === fast[same]) same++
  const part = (text: string) => text.slice(Math.max(0, same - 60), same + 240)
  return [
    `seed ${seed} line ${line} differs; again with: npm run -s fuzz:engine -- --seed ${seed} --lines ${line}`,
    `  log   ${JSON.stringify(log)}`,
    `  plain …${part(plain)}`,
    `  fast  …${part(fast)}`,
  ].join('\n')
}

function readArguments(): { lines: number; seed: number } {
  try {
    const { values } = parseArgs({
      options: { lines: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
    })
    return { lines: wholeNumber(values.lines), seed: wholeNumber(values.seed) }
  } catch (error) {
    process.stderr.write(
      `fuzz:engine: ${(error as Error).message}\nusage: npm run -s fuzz:engine -- [--lines N] [--seed S]\n`,
    )
    process.exit(2)
  }
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`"${text}" is no whole number from 1 to 999999999`)
  return Number(text)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
