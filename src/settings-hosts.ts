/** `hosts:` of outrider.yaml: the other machines that responses run on, over SSH. */
import { resolve } from 'node:path'
import type { HostSetting } from './config.ts'
import type { Files } from './files.ts'
import type { Reading } from './settings-reading.ts'
import { hostOptions } from './settings-schema.ts'

export function readHosts(reading: Reading, files: Files): HostSetting[] {
  const found: HostSetting[] = []
  for (const [name, raw] of reading.entries('hosts')) {
    const path = ['hosts', name]
    const host = reading.parse(hostOptions, raw, path)
    if (!host) continue
    const agent = host.agent ?? name
    const same = found.find((other) => other.agent === agent)
    if (same) {
      const at = host.agent === undefined ? path : [...path, 'agent']
      reading.report('error', at, `"${agent}" is the agent of "${same.name}" too`, 'give each its own agent')
      continue
    }
    const missing = (['identity', 'known_hosts'] as const).filter((option) => {
      const file = host[option]
      if (file === undefined || files.stat(resolve(reading.home, file))) return false
      const hint = 'paths are meant from the home folder'
      reading.report('error', [...path, option], `${resolve(reading.home, file)} is not there`, hint)
      return true
    })
    if (missing.length > 0) continue
    const { ssh, port, identity, known_hosts, home = '/var/ossec', sudo = false } = host
    found.push({
      place: { file: reading.file, line: reading.lineOf(path) },
      name,
      agent,
      // The command ssh knows no brackets.
      ssh: ssh.replace(/[[\]]/g, ''),
      ...(port !== undefined && { port }),
      ...(identity !== undefined && { identity: resolve(reading.home, identity) }),
      ...(known_hosts !== undefined && { known_hosts: resolve(reading.home, known_hosts) }),
      home,
      sudo,
    })
  }
  return found
}
