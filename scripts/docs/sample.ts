/** What the pages are made with: one alert, one machine, one moment. */
import type { Alert } from '../../src/alert.ts'
import type { WodleContext } from '../../src/define.ts'

export const alert: Alert = {
  timestamp: '2026-01-15T10:30:45.123+0000',
  rule: {
    level: 10,
    description: 'sshd: brute force trying to get access to the system. Authentication failed.',
    id: '5763',
    mitre: { id: ['T1110'], tactic: ['Credential Access'], technique: ['Brute Force'] },
    frequency: 8,
    firedtimes: 1,
    groups: ['syslog', 'sshd', 'authentication_failures'],
  },
  agent: { id: '001', name: 'web', ip: '192.0.2.10' },
  manager: { name: 'siem' },
  id: '1768473045.98',
  full_log: 'Jan 15 10:30:45 web sshd[1]: Failed password for root from 203.0.113.50 port 1 ssh2',
  predecoder: { program_name: 'sshd', timestamp: 'Jan 15 10:30:45', hostname: 'web' },
  decoder: { parent: 'sshd', name: 'sshd' },
  data: { srcip: '203.0.113.50', srcport: '1', dstuser: 'root' },
  location: '/var/log/auth.log',
}

/** An alert about a file, for what looks at hashes. */
export const fileAlert: Alert = {
  timestamp: alert.timestamp,
  rule: { level: 5, description: 'File added to the system.', id: '554', groups: ['ossec', 'syscheck'] },
  agent: alert.agent,
  manager: alert.manager,
  id: '1768473045.99',
  decoder: { name: 'syscheck_new_entry' },
  syscheck: {
    path: '/tmp/eicar.com',
    event: 'added',
    md5_after: '44d88612fea8a8f36de82e1278abb02f',
    sha1_after: '3395856ce81f2b7382dee72602f798b642f14140',
    sha256_after: '275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f',
  },
  location: 'syscheck',
}

export const now = Date.parse('2026-01-15T10:30:46Z')

const files: Record<string, string> = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
  '/proc/net/tcp': `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1001 1
`,
  '/proc/700/comm': 'sshd\n',
  '/proc/700/status': 'Name:\tsshd\nUid:\t0\t0\t0\t0\n',
}

/** A machine with one server: sshd on port 22. */
export const machine: WodleContext = {
  read: (path) => files[path],
  list: (path) => (path === '/proc' ? ['700'] : path === '/proc/700/fd' ? ['3'] : []),
  readlink: (path) => (path === '/proc/700/fd/3' ? 'socket:[1001]' : undefined),
  now,
}
