import { spawnSync } from 'node:child_process'
import { chownSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { main, type User } from './outrider.ts'

const nobody: User = { uid: 65_534, gid: 65_534 }

/**
 * Somebody whom permissions stop. For tests that root runs, that is user nobody, who then owns the folder.
 *
 * @returns undefined when the test's own user will do; why there is nobody, as a text
 */
export function ordinaryUser(home: string): User | undefined | string {
  if (process.getuid?.() !== 0) return undefined
  const { status } = spawnSync(process.execPath, [main, '--version'], nobody)
  if (status !== 0) return 'root runs this test, and user nobody cannot read this folder'
  chownSync(home, nobody.uid, nobody.gid)
  for (const name of readdirSync(home, { recursive: true, encoding: 'utf8' }))
    chownSync(join(home, name), nobody.uid, nobody.gid)
  return nobody
}
