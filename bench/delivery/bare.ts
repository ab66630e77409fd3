/** The least that could do it: reads lines and posts them with undici, so many at once. FILE URL CONCURRENCY; answers with milliseconds of processor time. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Pool } from 'undici'

const [file, url, concurrency] = process.argv.slice(2) as [string, string, string]
const pool = new Pool(new URL(url).origin, { connections: Number(concurrency) })
const started = process.cpuUsage()
const lines = createInterface({ input: createReadStream(file) })[Symbol.asyncIterator]()

async function post(): Promise<void> {
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    const { statusCode, body } = await pool.request({
      path: '/',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: next.value,
    })
    await body.dump()
    if (statusCode !== 200) throw new Error(`HTTP ${statusCode}`)
  }
}
await Promise.all(Array.from({ length: Number(concurrency) }, post))
const { user, system } = process.cpuUsage(started)
await pool.close()
process.send!((user + system) / 1000)
