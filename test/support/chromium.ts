/**
 * A headless Chromium for tests. The npm package @sparticuz/chromium carries one (and the few libraries that a bare machine lacks); it is unpacked
 * once, next to the dependencies. Else the system's own is taken.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'

const root = fileURLToPath(new URL('../..', import.meta.url))
const system = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** A browser, or in one line why there is none here. */
export async function launchChromium(): Promise<Browser | string> {
  const reasons: string[] = []
  const launch = async (executablePath: string, libraries?: string) => {
    const env = { ...process.env, ...(libraries && { LD_LIBRARY_PATH: libraries }) }
    try {
      // Without --single-process and --no-zygote, which the package would add and which end the browser with its last page. No sandbox:
      // it needs rights that containers and root do not have, and the only pages opened are our own.
      return await chromium.launch({ executablePath, env, args: ['--no-sandbox', '--disable-gpu'] })
    } catch (error) {
      reasons.push(`${executablePath}: ${(error as Error).message.split('\n')[0]}`)
      return undefined
    }
  }
  try {
    const folder = await unpack()
    const browser =
      (await launch(join(folder, 'chromium'))) ??
      (await launch(join(folder, 'chromium'), join(folder, 'al2023', 'lib')))
    if (browser) return browser
  } catch (error) {
    reasons.push(`@sparticuz/chromium: ${(error as Error).message}`)
  }
  for (const path of system.filter((path) => existsSync(path))) {
    const browser = await launch(path)
    if (browser) return browser
  }
  return `no Chromium starts here (${reasons.join('; ')}); hint: install the package "chromium"`
}

/** The folder with the unpacked browser. The package itself would use a fixed name in /tmp, where anyone may have put something. */
async function unpack(): Promise<string> {
  const home = dirname(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))))
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string }
  const folder = join(root, 'node_modules', '.cache', `chromium-${version}`)
  if (existsSync(folder)) return folder

  const { inflate } = await import('@sparticuz/chromium')
  const building = `${folder}.${process.pid}`
  mkdirSync(building, { recursive: true })
  const before = process.env.TMPDIR
  // The only way to tell it where to.
  process.env.TMPDIR = building
  try {
    for (const name of ['chromium.br', 'al2023.tar.br']) await inflate(join(home, 'bin', name))
    renameSync(building, folder)
  } catch (error) {
    rmSync(building, { recursive: true, force: true })
    // Another run was faster.
    if (!existsSync(folder)) throw error
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
  return folder
}
