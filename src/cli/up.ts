import { existsSync } from 'node:fs'
import type { Alert } from '../alert.ts'
import { createLog } from '../log.ts'
import { formatProblem, type Problem, UserError } from '../problem.ts'
import { startDaemon } from '../runners/daemon.ts'
import { definitions } from '../runners/definitions.ts'
import { firstStart } from '../runners/first-start.ts'
import { maskSecrets } from '../secrets.ts'
import { loadConfig } from '../settings.ts'
import { oneLine } from './alerts.ts'
import { makeVisible, styled } from './output.ts'

/** `outrider up`: everything that is configured, until a signal comes. */
export async function up({ home, json }: { home: string; json?: boolean }): Promise<void> {
  const isForPeople = !json && process.stdout.isTTY === true
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

  const daemon = await startDaemon(config, { now: Date.now, log, onAlert: isForPeople ? showAlert : undefined })
  for (const problem of daemon.problems) report(problem)

  process.on('SIGHUP', () => daemon.reload())
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        // A second signal is somebody who does not want to wait; what is on disk is safe.
        process.once(signal, () => process.exit(130))
        resolve()
      })
    }
  })
  if (isForPeople) process.stdout.write(`${welcome(home, daemon.console_url, isNew, config.receivers)}\n`)
  log.info('ready', { url: daemon.url, console: isForPeople ? undefined : daemon.console_url, home })
  await stopped
  log.info('stopping')
  await daemon.stop()
}

function showAlert(alert: Alert): void {
  process.stdout.write(`${oneLine(alert)}\n`)
}

function welcome(home: string, url: string, isNew: boolean, receivers: { name: string; type: string }[]): string {
  const github = receivers.find((receiver) => receiver.type === 'github')
  const at = process.env.OUTRIDER_HOME || existsSync('outrider-home') ? '' : ` --home ${home}`
  const lines = [
    '',
    `  ${styled('bold', 'console')}   ${url}`,
    `  ${styled('bold', 'home')}      ${home}${isNew ? '  (made now; outrider.yaml in it is yours to change)' : ''}`,
  ]
  if (github)
    lines.push(
      `  ${styled('bold', 'try')}       npx outrider${at} send ${github.name}`,
      '             sends a correctly signed GitHub event, from another terminal',
    )
  lines.push('')
  return lines.join('\n')
}

// Node's own message for an error that nobody planned for names a file and a line, which helps us; a person needs the sentence.
process.on('unhandledRejection', (error) => {
  if (error instanceof UserError) process.stderr.write(`outrider: ${error.message}\n`)
  else process.stderr.write(`outrider: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
})
