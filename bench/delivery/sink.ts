/**
 * A server that answers every POST with 200 and counts them. Plain sockets: node:http costs more than what is measured, and would be the limit.
 *
 * Messages: `taken` → how many; `times` → when each came, in milliseconds of the machine's monotonic clock.
 */
import { createServer } from 'node:net'

const ok = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
const end_of_head = Buffer.from('\r\n\r\n')
const times: number[] = []
let taken = 0

const server = createServer((socket) => {
  let held: Buffer | undefined
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('data', (part) => {
    let bytes = held ? Buffer.concat([held, part]) : part
    held = undefined
    let answers = 0
    while (bytes.length > 0) {
      const head = bytes.indexOf(end_of_head)
      const length = head === -1 ? undefined : /content-length: *(\d+)/i.exec(bytes.toString('latin1', 0, head))?.[1]
      const whole = head + 4 + Number(length ?? 0)
      if (head === -1 || whole > bytes.length) {
        held = bytes
        break
      }
      bytes = bytes.subarray(whole)
      answers++
    }
    if (answers === 0) return
    taken += answers
    if (times.length < 100_000) times.push(Number(process.hrtime.bigint()) / 1e6)
    for (; answers > 0; answers--) socket.write(ok)
  })
})
server.listen(0, '127.0.0.1', () => process.send!((server.address() as { port: number }).port))
process.on('message', (what) => {
  if (what === 'taken') process.send!(taken)
  if (what === 'times') process.send!(times.splice(0))
})
