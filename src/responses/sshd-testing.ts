/** A real sshd on a free loopback port, from a temporary folder, that lets the current user in with a key of its own. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { HostSetting } from '../config.ts'
import { freePort } from '../testing/free-port.ts'

const program = ['/usr/sbin/sshd', '/usr/bin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path))

/** Why there can be none; false when there can. */
export const lacksSshd: string | false =
  program === undefined ? 'needs sshd: apt-get install openssh-server' : needsSystemUser()

/** Without root sshd lets in its own user only, whose account must not be locked; the shell must be there. */
function needsSystemUser(): string | false {
  const { shell } = userInfo()
  return shell !== null && existsSync(shell) && !/nologin|false$/.test(shell) ? false : 'the current user has no shell'
}

export interface TestSshd {
  host: HostSetting
  /** What stands for /var/ossec on the other side. */
  home: string
  /** A file that its scripts wrote there, as lines. */
  lines(name: string): string[]
  stop(): Promise<void>
  start(): Promise<void>
}

/** @param scripts files of active-response/bin on the other side */
export async function startSshd(
  t: TestContext,
  scripts: Record<string, string>,
  change: Partial<HostSetting> = {},
): Promise<TestSshd> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "outrider-sshd it's-")))
  const home = join(folder, 'var ossec')
  mkdirSync(join(home, 'active-response', 'bin'), { recursive: true })
  for (const [name, text] of Object.entries(scripts))
    writeFileSync(join(home, 'active-response', 'bin', name), text, { mode: 0o755 })
  const file = (name: string) => join(folder, name)
  for (const name of ['host_key', 'identity'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)])
  writeFileSync(file('authorized_keys'), readFileSync(file('identity.pub')), { mode: 0o600 })
  const port = await freePort()
  const [type, key] = readFileSync(file('host_key.pub'), 'utf8').split(' ')
  writeFileSync(file('known_hosts'), `[127.0.0.1]:${port} ${type} ${key}\n`)
  writeFileSync(
    file('sshd_config'),
    `Port ${port}
ListenAddress 127.0.0.1
HostKey "${file('host_key')}"
AuthorizedKeysFile "${file('authorized_keys')}"
PidFile none
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
`,
  )
  // Where sshd is started by hand as root, nobody has made it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
  let stop = async () => {}
  const start = async () => {
    const child = spawn(program!, ['-D', '-e', '-f', file('sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] })
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    stop = async () => {
      child.kill('SIGTERM')
      await ended
    }
    let said = ''
    await new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('Server listening')) resolve()
      })
      void ended.then(() => reject(new Error(`sshd ended: ${said}`)))
    })
  }
  t.after(async () => {
    await stop()
    rmSync(folder, { recursive: true, force: true })
  })
  await start()
  return {
    host: {
      place: { file: 'outrider.yaml', line: 1 },
      name: 'web-1',
      agent: '001',
      ssh: `${userInfo().username}@127.0.0.1`,
      port,
      identity: file('identity'),
      known_hosts: file('known_hosts'),
      home,
      sudo: false,
      ...change,
    },
    home,
    lines: (name) =>
      existsSync(join(home, name)) ? readFileSync(join(home, name), 'utf8').split('\n').filter(Boolean) : [],
    stop: () => stop(),
    start,
  }
}
