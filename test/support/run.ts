import { spawn } from 'node:child_process'

/** Runs a program to its end. Not spawnSync: what it speaks with may be in this process, and a test must be able to time out. */
export async function run(program: string, args: string[]): Promise<{ code: number | null; stdout: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000 })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, stdout }
}
