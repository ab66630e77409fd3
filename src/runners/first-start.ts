/** What a home folder gets when nobody has configured it yet: settings with comments, the secret of the demo's receiver, a log file to write to. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { replaceFile } from '../durable/replace-file.ts'
import { defaultOssecConf, defaultSettings } from '../settings-default.ts'
import { makeHome } from './home.ts'

const schema = fileURLToPath(new URL('../../outrider.schema.json', import.meta.url))

/**
 * Writes the files of the demo when neither outrider.yaml nor etc/ossec.conf is there.
 *
 * @returns true when it did
 */
export function firstStart(home: string): boolean {
  makeHome(home)
  // outrider.yaml is written last and whole: a start that was cut off before it is a first start again.
  if (existsSync(join(home, 'outrider.yaml')) || hasOwnConf(join(home, 'etc', 'ossec.conf'))) return false
  const files: [path: string, text: string, mode: number][] = [
    ['etc/github-webhook.secret', `${randomBytes(24).toString('base64url')}\n`, 0o600],
    ['logs/example.log', '', 0o640],
    ['etc/ossec.conf', defaultOssecConf(), 0o640],
    ['outrider.yaml', defaultSettings(schema), 0o640],
  ]
  for (const [path, text, mode] of files) {
    const file = join(home, path)
    if (!existsSync(file)) replaceFile(file, text, mode)
  }
  return true
}

/** Whether somebody brought an ossec.conf. One that cannot be read is not ours. */
function hasOwnConf(path: string): boolean {
  try {
    return readFileSync(path, 'utf8') !== defaultOssecConf()
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}
