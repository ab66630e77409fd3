/** The requests of responses in the daemon: connections are kept, one set for each way of checking certificates. */
import type { TlsOptions } from '../define.ts'
import { createHttpClient, type HttpClient } from '../delivery/http.ts'
import type { Http } from '../responses/steps.ts'

/** A list of a hundred thousand addresses is some 10 MB. */
const most_bytes = 64 << 20
/** To one firewall. They do not like many. */
const connections = 4

export function createStepHttp(): { http: Http; close(): Promise<void> } {
  const clients = new Map<string, HttpClient>()
  function clientOf(tls: TlsOptions): HttpClient {
    const key = JSON.stringify([tls.ca_file, tls.ssl_verify])
    let client = clients.get(key)
    if (!client) clients.set(key, (client = createHttpClient(connections, tls, most_bytes)))
    return client
  }
  return {
    async http(request, timeout_ms, tls = {}) {
      const result = await clientOf(tls).send(request, timeout_ms, true)
      if (result.kind === 'answer') return result.response
      throw new Error(result.reason)
    },
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()))
    },
  }
}
