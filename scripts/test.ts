// npm test: everything that decides whether a change is good, under one command. The steps run in order and all of them run, so that
// one report shows every failure. `--static` runs only the fast checks.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const bin = (path: string) => `node_modules/${path}`

const checks: [name: string, args: string[]][] = [
  ['format and lint', [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']],
  ['types', [bin('typescript/bin/tsc')]],
  ['dead code', [bin('knip/bin/knip.js')]],
]
const tests: [name: string, args: string[]][] = [
  ['console', [bin('vite/bin/vite.js'), 'build', 'src/console', '--logLevel', 'warn']],
  ['unit tests', ['--test', '--test-isolation=none', 'src/**/*.test.ts', 'scripts/**/*.test.ts']],
  ['whole programs', ['--test', '--test-concurrency=2', 'test/**/*.test.ts']],
]

const chosen = process.argv.includes('--static') ? checks : [...checks, ...tests]
const failed: string[] = []
for (const [name, args] of chosen) {
  const started = Date.now()
  process.stdout.write(`\n== ${name}\n`)
  const result = spawnSync(process.execPath, args, { stdio: 'inherit' })
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  process.stdout.write(`== ${name}: ${result.status === 0 ? 'ok' : 'FAILED'} in ${seconds} s\n`)
  if (result.status !== 0) failed.push(name)
}
if (!existsSync('../shared')) {
  process.stdout.write(
    '\nskipped: tests that need ../shared (the stock Wazuh ruleset and recorded answers) are not run here\n',
  )
}
if (failed.length > 0) {
  process.stderr.write(`\nfailed: ${failed.join(', ')}\n`)
  process.exit(1)
}
