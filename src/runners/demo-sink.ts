/**
 * The small local receiver of the demo: it takes what the `demo` destination sends, keeps it in a file, and says so. It is there so that a
 * first start shows a delivered alert without an account anywhere.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Appender } from '../durable/append.ts'
import type { Log } from '../log.ts'
import { UserError } from '../problem.ts'

const max_body = 1024 * 1024

export interface DemoSink {
  url: string
  close(): Promise<void>
}

/** @param received bodies are appended to it, one a line, before they are answered with 200 */
export async function startDemoSink(options: { port: number; received: Appender; log: Log }): Promise<DemoSink> {
  const { port, received, log } = options
  const server = createServer((request, response) => {
    const answer = (status: number) => {
      response.statusCode = status
      response.end()
    }
    if (request.method !== 'POST') return answer(405)
    let body = ''
    request.setEncoding('latin1')
    request.on('data', (part: string) => {
      if (body.length + part.length > max_body) request.destroy()
      else body += part
    })
    request.on('end', () => {
      received.append([body.replaceAll('\n', ' ')]).then(
        () => {
          log.info('demo receiver got an alert', { alert: ruleOf(body) })
          answer(200)
        },
        () => answer(507),
      )
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new UserError(
              `port ${port} of the demo receiver is taken`,
              'change demo.port and the hook_url of the demo destination in outrider.yaml',
            )
          : error,
      ),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await received.close()
    },
  }
}

function ruleOf(body: string): string | undefined {
  try {
    const { rule } = JSON.parse(Buffer.from(body, 'latin1').toString())
    return `rule ${rule.id}: ${rule.description}`
  } catch {
    return undefined
  }
}
