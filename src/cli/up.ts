import type { Alert } from '../alert.ts'
import { createLog } from '../log.ts'
import { formatProblem, type Problem, UserError } from '../problem.ts'
import { startDaemon } from '../runners/daemon.ts'
import { definitions } from '../runners/definitions.ts'
import { firstStart } from '../runners/first-start.ts'
import { defaultHome } from '../runners/home.ts'
import { maskSecrets } from '../secrets.ts'
import { loadConfig } from '../settings.ts'
import { oneLine } from './alerts.ts'
import { makeVisible, styled } from './output.ts'

/** `outrider up`: everything that is configured, until a signal comes. */
export async function up({ home, json }: { home: string; json?: boolean }): Promise<void> {
  const isForPeople = !json && process.stdout.isTTY === true
  // Whoever read our log may end; the work goes on.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const isNew = firstStart(home)
  const config = await loadConfig({ home, definitions })
  const mask = maskSecrets(config.secrets)
  const log = createLog({
    write: (line) => process.stdout.write(isForPeople ? `${makeVisible(line.trimEnd())}\n` : line),
    now: Date.now,
    format: isForPeople ? 'text' : 'json',
    level: process.env.OUTRIDER_LOG === 'debug' ? 'debug' : 'info',
    mask,
  })
  const report = (problem: Problem) => {
    if (isForPeople) process.stderr.write(`${mask(formatProblem(problem))}\n`)
    else log[problem.severity === 'error' ? 'error' : 'warn'](formatProblem(problem), { ...problem })
  }

  // Before anything is started: what stops the start may be explained by one of them.
  for (const problem of config.problems) report(problem)
  const env = { now: Date.now, log, onAlert: isForPeople ? showAlert : undefined }
  const daemon = await startDaemon(config, env).catch((error: unknown) => {
    throw error instanceof UserError ? new UserError(mask(error.message), error.hint && mask(error.hint), error) : error
  })
  for (const problem of daemon.problems.slice(config.problems.length)) report(problem)

  // A service is asked to read its rules again; a terminal that was closed says that nobody is there any more.
  if (!isForPeople) process.on('SIGHUP', () => daemon.reload())
  const stopped = new Promise<void>((resolve) => {
    const signals: NodeJS.Signals[] = isForPeople ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM']
    let asked: number | undefined
    const stop = () => {
      asked ??= performance.now()
      // A second signal is somebody who does not want to wait; what is on disk is safe. But one key press can arrive several
      // times: the terminal sends it to every process in front, and npm passes on what it gets as well.
      if (performance.now() - asked > 1000) process.exit(130)
      resolve()
    }
    for (const signal of signals) process.on(signal, stop)
  })
  const command = tryCommand(home, config.receivers)
  if (isForPeople) {
    process.stdout.write(`${welcome(home, daemon.console_url, isNew, command)}\n`)
    log.info('ready', { url: daemon.url })
  } else log.info('ready', { url: daemon.url, console: daemon.console_url, home, try: command })
  await stopped
  log.info('stopping')
  await daemon.stop()
}

function showAlert(alert: Alert): void {
  process.stdout.write(`${oneLine(alert)}\n`)
}

/** Sends a correctly signed sample to the first receiver. */
function tryCommand(home: string, receivers: { name: string }[]): string | undefined {
  const isDefault = home === defaultHome()
  return receivers[0] && `npx outrider ${isDefault ? '' : `--home ${home} `}send ${receivers[0].name}`
}

function welcome(home: string, url: string, isNew: boolean, command: string | undefined): string {
  const row = (name: string, text: string) => `  ${styled('bold', name.padEnd(9))} ${text}`
  return [
    '',
    row('console', url),
    row('home', `${home}${isNew ? '  (made now; outrider.yaml in it is yours to change)' : ''}`),
    ...(command ? [row('try', command), row('', 'in another terminal: sends a correctly signed webhook')] : []),
    '',
  ].join('\n')
}

// Node's own message for an error that nobody planned for names a file and a line, which helps us; a person needs the sentence.
process.on('unhandledRejection', (error) => {
  if (error instanceof UserError) process.stderr.write(`outrider: ${error.message}\n`)
  else process.stderr.write(`outrider: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
})
