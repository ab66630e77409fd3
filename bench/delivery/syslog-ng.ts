/** syslog-ng's http() destination with a reliable disk-buffer, following the same file, one request an alert. Debian: syslog-ng-core, syslog-ng-mod-http. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const program = ['/usr/sbin/syslog-ng', '/usr/local/sbin/syslog-ng'].find((path) => existsSync(path))

/** Its version; undefined when it is not installed, or has no http(). */
export function syslogNgVersion(): string | undefined {
  if (program === undefined) return undefined
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  return stdout.includes('http') ? /^syslog-ng \d+ \(([\d.]+)\)/m.exec(stdout)?.[1] : undefined
}

/** Starts it in the foreground; it ends with the signal. It needs the files in `folder` to be its own. */
export function startSyslogNg(
  folder: string,
  url: string,
  workers: number,
): { child: ChildProcess; stop(): Promise<void> } {
  const config = join(folder, 'syslog-ng.conf')
  writeFileSync(
    config,
    `@version: 3.38
source alerts { file("${folder}/alerts.json" flags(no-parse) log-msg-size(262144) log-fetch-limit(1000) log-iw-size(${1000 * workers})); };
destination sink {
  http(
    url("${url}") method("POST") headers("content-type: application/json") body("\${MESSAGE}")
    workers(${workers}) persist-name("sink")
    disk-buffer(reliable(yes) disk-buf-size(1073741824) mem-buf-size(16777216) dir("${folder}"))
  );
};
log { source(alerts); destination(sink); flags(flow-control); };
`,
  )
  const args = [
    '-F',
    '--no-caps',
    '-f',
    config,
    '-R',
    join(folder, 'persist'),
    '-p',
    join(folder, 'pid'),
    '-c',
    join(folder, 'ctl'),
  ]
  const child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  return {
    child,
    async stop() {
      if (child.exitCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** Milliseconds of processor time that a process has used; `/proc` of Linux. */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  // utime and stime, in ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) * 10
}
