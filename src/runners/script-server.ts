/** The other end of script-socket.ts: what a running Outrider does with the work of built scripts. The protocol is described there. */
import { chmodSync, chownSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import type { Log } from '../log.ts'
import { type HandOver, type HandOverAnswer, parseHandOver } from './script-socket.ts'

/** Answers come when what was taken cannot be lost any more; one that rejects is answered with `taken: false`, and the script does the work. */
export type TakeOver = (request: HandOver) => Promise<HandOverAnswer> | HandOverAnswer

export interface ScriptServer {
  /** Stops listening, lets requests under way end, and removes the socket. */
  close(): Promise<void>
}

/** Wazuh's own messages end at 64 KiB; ours at a length that no alert has. */
const most_bytes = 4 << 20
/** A script sends its line at once. */
const patience_ms = 5000

/**
 * Listens for scripts.
 *
 * @param path see `socketPath`; a socket that a killed Outrider left there is replaced
 * @throws when another process listens there, or the folder cannot be written
 */
export async function listenForScripts(options: { path: string; take: TakeOver; log: Log }): Promise<ScriptServer> {
  const { path, log } = options
  await removeStale(path)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serve(socket, options)
  })
  server.maxConnections = 256
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
  server.on('error', (error) => log.warn(`${path}: ${error.message}`))
  openToGroup(path, log)
  return { close: () => close(server, sockets) }
}

/** integratord's scripts run as user wazuh, whose group owns the folder. */
function openToGroup(path: string, log: Log): void {
  try {
    const { gid } = statSync(dirname(path))
    const { uid } = statSync(path)
    chownSync(path, uid, gid)
  } catch (error) {
    log.warn(`${path}: scripts of other users cannot reach it: ${(error as Error).message}`)
  }
  chmodSync(path, 0o660)
}

async function removeStale(path: string): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connect(path)
    const end = (result: boolean) => {
      socket.destroy()
      resolve(result)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
  if (answers) throw new Error(`${path}: another process listens there`)
  rmSync(path, { force: true })
}

function serve(socket: Socket, { take, log }: { take: TakeOver; log: Log }): void {
  let text = ''
  let isAnswered = false
  const answer = (what: HandOverAnswer): void => {
    isAnswered = true
    socket.end(`${JSON.stringify(what)}\n`)
  }
  const work = async (line: string): Promise<void> => {
    const request = parseHandOver(line)
    if (!request) return answer({ taken: false, reason: 'not a request' })
    try {
      answer(await take(request))
    } catch (error) {
      const { message } = error as Error
      log.warn(`${request.program}: what its script handed over could not be taken: ${message}`)
      answer({ taken: false, reason: message })
    }
  }
  socket.setEncoding('latin1')
  socket.setTimeout(patience_ms, () => {
    // Taking has its own time; only a silent peer is dropped.
    if (!text.includes('\n')) socket.destroy()
  })
  socket.on('error', () => {}) // the script is gone, and does its work by itself
  socket.on('data', (part: string) => {
    if (isAnswered || text.includes('\n')) return
    text += part
    const end = text.indexOf('\n')
    if (end >= 0) void work(text.slice(0, end))
    else if (text.length > most_bytes) socket.destroy()
  })
}

async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  // Removes the file, too.
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  await closed
}
