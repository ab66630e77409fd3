/** The page of commands, from their own help. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { block, page } from './text.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export function commandsPage(): string {
  return page('Commands', [
    'The help of every command. In the checkout they are called as `npx outrider …`. Exit codes: 0 fine, 1 it failed, 2 wrong usage or configuration.',
    ...helpOf([]),
  ])
}

/** The help of a command and of those below it. */
function helpOf(path: string[]): string[] {
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...path, '--help'], {
    encoding: 'utf8',
    // The help names the default of --home.
    env: { ...process.env, OUTRIDER_HOME: '/outrider-home', NO_COLOR: '1', FORCE_COLOR: undefined, COLUMNS: undefined },
  })
  if (status !== 0) throw new Error(`outrider ${path.join(' ')} --help: ${stderr}`)
  const help = stdout.replace(
    '(default: "/outrider-home")',
    '(default: outrider-home in the checkout, or OUTRIDER_HOME)',
  )
  const below = /^Commands:\n((?:[ ].*\n?)*)/m.exec(help)?.[1] ?? ''
  const names = [...below.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => name!).filter((name) => name !== 'help')
  const title = path.length === 0 ? [] : [`## outrider ${path.join(' ')}`]
  return [...title, block('', help), ...names.flatMap((name) => helpOf([...path, name]))]
}
