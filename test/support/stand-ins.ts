/**
 * wazuh-integratord and wazuh-execd as a script sees them, written down from what the real ones were seen to do (4.14.7), so that scripts can be run under
 * them without a Wazuh. They are not what Outrider itself uses.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type ProgramResult, runProgram, startProgram } from '../../src/inputs/process.ts'

/** What the daemons' children inherit; the Node that runs this is the one that scripts find. */
const env = Object.fromEntries([
  ...Object.entries(process.env).filter(([name]) => !/^(OUTRIDER|NODE_|https?_proxy)/i.test(name)),
  ['PATH', `${dirname(process.execPath)}:${process.env.PATH}`],
])

export interface Integration {
  name: string
  /** The file's content; undefined: integratord could not write it, and hands an empty argument over. */
  alert?: string
  api_key?: string
  hook_url?: string
  options?: string
  timeout?: number
  retries?: number
  debug?: boolean
  /** Called when it runs, to be killed perhaps. */
  started?(stop: () => void): void
  env?: Record<string, string>
}

/** One script for one alert: nine arguments (eight when debugging) made by splitting a line at spaces, no shell, the home as working folder. */
export async function integratord(home: string, block: Integration): Promise<ProgramResult> {
  const { name, api_key = '', hook_url = '', timeout = 10, retries = 3, debug } = block
  const folder = mkdtempSync(join(tmpdir(), 'outrider-integratord-'))
  const file = (suffix: string, content: string | undefined) => {
    if (content === undefined) return ''
    const path = join(folder, `${name}-1795211238--${suffix.length}677658861.${suffix}`)
    writeFileSync(path, content)
    return path
  }
  try {
    const files = [file('alert', block.alert), file('options', block.options && `${block.options}\n`)]
    const line = ['integrations', files[0], api_key, hook_url, debug ? 'debug' : '', files[1], timeout, retries].join(
      ' ',
    )
    const [argv0, ...args] = split(debug ? line : `${line} > /dev/null 2>&1`)
    const running = startProgram({
      argv: [`integrations/${name}`, ...args],
      argv0: argv0!,
      cwd: home,
      env: { ...env, ...block.env },
      stderr: 'merge',
      deadline_ms: 60_000,
    })
    block.started?.(running.stop)
    return await running.done
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** OS_StrBreak: at every space, into at most nine pieces; `\ ` is a space that does not split. */
function split(line: string): string[] {
  const pieces = line.split(/(?<!\\) /)
  return [...pieces.slice(0, 8), ...(pieces.length > 8 ? [pieces.slice(8).join(' ')] : [])].map((piece) =>
    piece.replaceAll('\\ ', ' '),
  )
}

/** The fork of OSSEC that has integrations: three arguments, through a shell, from an absolute path. */
export async function ossecIntegratord(home: string, block: Integration): Promise<ProgramResult> {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-integratord-'))
  const path = join(folder, `${block.name}-1795211238-677658861.alert`)
  writeFileSync(path, block.alert ?? '')
  const command = `${home}/integrations/${block.name} '${path}' '${block.api_key ?? ''}' '${block.hook_url ?? ''}' > /dev/null 2>&1`
  try {
    return await runProgram({ argv: ['sh', '-c', command], cwd: home, env, stderr: 'merge', deadline_ms: 60_000 })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** `alert_format` not given. */
export function plainAlert(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}='${value}'`)
    .join('\n')
}

export interface Execution {
  result: ProgramResult
  /** The first line it printed. */
  answer: string | undefined
}

export interface Order {
  script: string
  /** Object that becomes `parameters.alert`. */
  alert: Record<string, unknown>
  extra_args?: string[]
  env?: Record<string, string>
}

/** The line on stdin, with its line end. */
export function execdLine(word: string, { script, alert, extra_args = [] }: Order): string {
  const origin = { name: 'undefined', module: 'wazuh-execd' }
  const parameters = { extra_args, alert, program: `active-response/bin/${script}` }
  return `${JSON.stringify({ version: 1, origin, command: word, parameters })}\n`
}

/**
 * `add`: the line, stdin kept open, one line awaited, the second line, end of stdin. `reply` decides the second line, or does something else instead.
 *
 * @param line what stands on stdin
 */
export async function execd(
  home: string,
  line: string,
  order: Order & { reply?(answer: string, script: { say(line: string): void; stop(): void }): void },
): Promise<Execution> {
  let printed = ''
  let answer: string | undefined
  const running = startProgram({
    argv: [`active-response/bin/${order.script}`],
    cwd: home,
    env: { ...env, ...order.env },
    stdin: 'open',
    stderr: 'drop',
    grace_ms: 0,
    deadline_ms: 60_000,
    on_output(bytes) {
      printed += bytes
      if (answer !== undefined || !printed.includes('\n')) return
      answer = printed.slice(0, printed.indexOf('\n'))
      const say = (text: string) => {
        running.write(text)
        running.end()
      }
      if (order.reply) order.reply(answer, { say, stop: running.stop })
      else say(line.replace(/"command":"(add|enable)"/, '"command":"continue"'))
    },
  })
  running.write(line)
  return { result: await running.done, answer }
}

/** `delete`: a new process, one line, end of stdin. */
export function execdDelete(home: string, line: string, order: Order): Promise<ProgramResult> {
  const running = startProgram({
    argv: [`active-response/bin/${order.script}`],
    cwd: home,
    env: { ...env, ...order.env },
    stdin: 'open',
    stderr: 'drop',
    deadline_ms: 60_000,
  })
  running.write(line)
  running.end()
  return running.done
}

/** OSSEC's: no stdin, everything is an argument. */
export function ossecExecd(home: string, script: string, args: string[]): Promise<ProgramResult> {
  const argv = [`${home}/active-response/bin/${script}`, ...args] as const
  return runProgram({ argv, cwd: home, env, stderr: 'drop', deadline_ms: 60_000 })
}

/** Lines of a log of the home, without the final empty one. */
export function logLines(home: string, name: string): string[] {
  return readFileSync(join(home, 'logs', name), 'utf8')
    .trimEnd()
    .split('\n')
}
