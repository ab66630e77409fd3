/** Replaces a file as a whole: whoever reads it sees the old or the new text, and after a power cut one of the two is there, complete. */
import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * @param content text (written as UTF-8) or bytes
 * @param mode of the new file. Default: that of the old one, or 0640. Not narrowed by the umask.
 * @throws the file system's error; the old file is then untouched and nothing is left beside it
 */
export function replaceFile(path: string, content: string | Uint8Array, mode?: number): void {
  const wanted = mode ?? (statSync(path, { throwIfNoEntry: false })?.mode ?? 0o640) & 0o7777
  // In the same folder, since a rename is atomic only within one file system. One name per process: what a crash left is overwritten.
  const temporary = `${path}.${process.pid}.tmp`
  try {
    rmSync(temporary, { force: true })
    const fd = openSync(temporary, 'wx', 0o600)
    try {
      writeFileSync(fd, content)
      fchmodSync(fd, wanted)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncFolder(dirname(path))
}

/** Makes a created, renamed or linked name in this folder survive a power cut. */
export function syncFolder(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
