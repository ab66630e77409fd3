// Finds or brings the Node that the project runs on and installs what is missing, so that `git clone` and one command are
// enough. Plain JavaScript without dependencies, for Node 18 and newer: it is what runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

// 24.11 is the first with everything we use (node:sqlite without a warning, type stripping, argon2).
const [major, minor] = process.versions.node.split('.').map(Number)
const isSupported = major > 24 || (major === 24 && minor >= 11)

/** Path of a supported Node, after installing it and the dependencies where they are missing or out of date. */
export function prepare() {
  let node = process.execPath
  if (!isSupported) {
    const runtime = join(root, 'runtime')
    install(runtime, 'the pinned Node')
    node = join(runtime, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
    if (!existsSync(node)) {
      fail(
        `no Node for ${process.platform}-${process.arch} comes with the project, and this one is ${process.version}`,
        'install Node 24.11 or newer',
      )
    }
  }
  install(root, 'the dependencies')
  return node
}

/** Runs `args` under `node` with the terminal of this process; passes signals on and ends as the child ended. */
export function runWith(node, args) {
  const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH ?? ''}` }
  const child = spawn(node, args, { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) =>
    fail(`cannot start ${node}: ${error.message}`, 'remove runtime/node_modules and try again'),
  )
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}

/** True when this process already is what {@link prepare} would answer. */
export function isPrepared() {
  return isSupported && isInstalled(root)
}

/** Builds the console's page when its sources are newer than what was built last. */
export function buildConsole(node) {
  const folder = join(root, 'src', 'console')
  const built = statSync(join(folder, 'dist', 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = readdirSync(folder, { recursive: true }).filter((name) => !name.startsWith('dist'))
  const newest = Math.max(...sources.map((name) => statSync(join(folder, name)).mtimeMs))
  if (newest <= built) return
  process.stderr.write('outrider: building the console …\n')
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const { status } = spawnSync(node, [vite, 'build', folder, '--logLevel', 'warn'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  // The daemon runs without a page too, and its address then says what to do.
  if (status !== 0) process.stderr.write('outrider: the console could not be built, see above; everything else runs\n')
}

function lockHash(folder) {
  return createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex')
}

function isInstalled(folder) {
  try {
    return readFileSync(join(folder, 'node_modules', '.installed'), 'utf8') === lockHash(folder)
  } catch {
    return false
  }
}

function install(folder, what) {
  if (isInstalled(folder)) return
  const modules = join(folder, 'node_modules')
  // npm ci empties the folder first, and would empty somebody else's.
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink())
    fail(`${modules} is a link, and what it leads to does not fit package-lock.json`, 'remove the link')
  const lock = join(folder, '.installing')
  acquire(lock, folder)
  try {
    if (isInstalled(folder)) return
    process.stderr.write(`outrider: installing ${what} …\n`)
    // --ignore-scripts: nothing we depend on needs an install script, so none gets to run.
    const npm = spawnSync('npm', ['ci', '--loglevel=error', '--no-fund', '--no-audit', '--ignore-scripts'], {
      cwd: folder,
      stdio: ['ignore', 2, 2],
    })
    if (npm.status !== 0)
      fail(
        `npm ci failed in ${folder}`,
        'see its message above; is the npm registry reachable and the folder writable?',
      )
    writeFileSync(join(modules, '.installed'), lockHash(folder))
  } finally {
    rmdirSync(lock)
  }
}

// A directory as lock keeps two first runs apart (mkdir is atomic); one left by a killed run is taken over after five minutes.
function acquire(lock, folder) {
  for (;;) {
    try {
      return mkdirSync(lock)
    } catch (error) {
      if (error.code !== 'EEXIST')
        fail(`cannot write in ${folder}: ${error.message}`, 'make the folder writable, or clone into one that is')
    }
    if (Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > 300_000) {
      try {
        rmdirSync(lock)
      } catch {
        // another run was faster; the next mkdir decides
      }
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
}

function fail(what, hint) {
  process.stderr.write(`outrider: ${what}\n  hint: ${hint}\n`)
  process.exit(2)
}
