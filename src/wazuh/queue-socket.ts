/**
 * Sends events to analysisd as Wazuh's own look-ups do: one datagram each on `queue/sockets/queue`.
 *
 * Node.js knows no datagram sockets of this kind, so a small program in Python or Perl sends them: it stays, takes one message a line, and answers each with
 * `ok` or with what the system says. Every Wazuh 4 brings a Python.
 */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

export interface QueueSocket {
  /**
   * @param message a byte string without line end
   * @throws when the system does not take it; the message names the socket
   */
  send(message: string): Promise<void>
  close(): void
}

const python = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for line in sys.stdin.buffer:
    try:
        s.sendto(line[:-1], sys.argv[1])
        print("ok", flush=True)
    except OSError as error:
        print(error.strerror, flush=True)`

const perl = `use Socket; $| = 1;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die $!;
my $to = pack_sockaddr_un($ARGV[0]);
while (my $line = <STDIN>) { chomp $line; print defined send($s, $line, 0, $to) ? "ok\\n" : "$!\\n" }`

/** A full queue is waited for this long; analysisd empties it in far less, unless it hangs. */
const patience_ms = 10_000

type Helper = ChildProcessByStdio<Writable, Readable, null>

/** @returns undefined when this system has no program that can send */
export function openQueueSocket(path: string): QueueSocket | undefined {
  // …/queue/sockets/queue
  const home = dirname(dirname(dirname(path)))
  const programs = [
    [join(home, 'framework', 'python', 'bin', 'python3'), '-c', python],
    ['python3', '-c', python],
    ['perl', '-e', perl],
  ] as const
  // Without input it ends at once.
  const program = programs.find(([file, ...args]) => spawnSync(file, [...args, path], { input: '' }).status === 0)
  return program && new Sender(path, program)
}

class Sender implements QueueSocket {
  private readonly path: string
  private readonly program: readonly [string, string, string]
  private helper: Helper | undefined
  /** In the order in which they were sent, and so of the answers. */
  private waiting: ((answer: string | undefined) => void)[] = []

  constructor(path: string, program: readonly [string, string, string]) {
    this.path = path
    this.program = program
  }

  async send(message: string): Promise<void> {
    const helper = (this.helper ??= this.start())
    const answer = await new Promise<string | undefined>((resolve) => {
      const timer = setTimeout(() => this.end(helper, `it takes nothing for ${patience_ms / 1000} s`), patience_ms)
      this.waiting.push((answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
      helper.stdin.write(Buffer.from(`${message}\n`, 'latin1'))
    })
    if (answer === 'ok') return
    const hint = answer === 'Permission denied' ? '; whoever runs Outrider must be in the group wazuh' : ''
    throw new Error(`${this.path}: ${answer}${hint}`)
  }

  close(): void {
    if (this.helper) this.end(this.helper, 'it was closed')
  }

  private start(): Helper {
    const [file, ...args] = this.program
    const helper = spawn(file, [...args, this.path], { stdio: ['pipe', 'pipe', 'ignore'] })
    createInterface({ input: helper.stdout }).on('line', (line) => this.waiting.shift()?.(line))
    helper.on('error', (error) => this.end(helper, error.message))
    helper.stdin.on('error', () => {})
    helper.on('exit', () => this.end(helper, 'the program that sends has ended'))
    return helper
  }

  /** Whoever waits is answered; the next message starts another. */
  private end(helper: Helper, reason: string): void {
    if (this.helper !== helper) return
    this.helper = undefined
    helper.kill('SIGKILL')
    for (const answered of this.waiting.splice(0)) answered(reason)
  }
}
