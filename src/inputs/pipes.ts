/**
 * Real pipes for a child's stdin, stdout and stderr.
 *
 * What Node itself gives a child for `pipe` is a socket pair, and a socket cannot be opened by name: `echo … > /dev/stderr` and `cat /dev/stdin`, both
 * common in scripts written for Wazuh (which uses pipe(2)), fail there with "No such device or address". Node has no pipe(2), so mkfifo(1) makes
 * a few at a time; they are opened and unlinked at once, and nothing is left behind when we are killed. One pipe may serve as stdout and stderr
 * together, which keeps the order of what was written.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmdirSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Both ends, close-on-exec; whoever takes them closes them. */
export interface Pipe {
  read: number
  write: number
}

const batch = 8
const ready: Pipe[] = []

/** @throws with `code` when no pipe can be made: out of descriptors, a temporary folder that is not writable */
export function takePipe(): Pipe {
  if (ready.length === 0) ready.push(...makePipes(batch))
  return ready.pop()!
}

function closePipe(pipe: Pipe): void {
  closeSync(pipe.read)
  closeSync(pipe.write)
}

function makePipes(count: number): Pipe[] {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-pipes-'))
  const paths = Array.from({ length: count }, (_, n) => join(folder, String(n)))
  const pipes: Pipe[] = []
  try {
    // 2.8 ms for a batch, hence not one by one. The environment is left out: nothing in it should change what this does, save where to find it.
    execFileSync('mkfifo', ['-m', '600', ...paths], { stdio: 'ignore', env: { PATH: '/usr/bin:/bin' } })
    for (const path of paths) {
      // Without O_NONBLOCK a reader's open waits for a writer. libuv makes descriptors blocking again for the child.
      const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      try {
        pipes.push({ read, write: openSync(path, constants.O_WRONLY) })
      } catch (error) {
        closeSync(read)
        throw error
      }
    }
    return pipes
  } catch (error) {
    for (const pipe of pipes) closePipe(pipe)
    throw error
  } finally {
    for (const path of paths)
      try {
        unlinkSync(path)
      } catch {
        // mkfifo did not get that far.
      }
    rmdirSync(folder)
  }
}

/**
 * A descriptor to read `bytes` from, for a stdin that is known from the start. A file and not a pipe: a named pipe whose writer is gone cannot be opened
 * again as /dev/stdin (the open waits for ever), and no size blocks us. It has no name by the time it is returned.
 */
export function stdinFile(bytes: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-stdin-'))
  const path = join(folder, 'stdin')
  try {
    const write = openSync(path, 'wx', 0o600)
    try {
      const read = openSync(path, 'r')
      try {
        for (let done = 0; done < bytes.length; ) done += writeSync(write, bytes, done)
        return read
      } catch (error) {
        closeSync(read)
        throw error
      }
    } finally {
      closeSync(write)
      unlinkSync(path)
    }
  } finally {
    rmdirSync(folder)
  }
}
