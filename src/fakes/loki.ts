import * as z from 'zod/mini'
import { jsonBody, text } from './checks.ts'
import { Broken, defineFake } from './define.ts'

const push = z.looseObject({
  streams: z
    .array(
      z.looseObject({
        stream: z.record(
          z.string().check(z.regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,1023}$/, 'not a name of a label')),
          text(2048),
        ),
        values: z
          .array(
            z.tuple(
              [z.string().check(z.regex(/^\d{1,19}$/, 'not nanoseconds, as a text')), z.string()],
              z.looseObject({}),
            ),
          )
          .check(z.minLength(1)),
      }),
    )
    .check(z.minLength(1)),
})

const hour_ms = 3_600_000

/** With the limits of a new server. */
export default defineFake({
  name: 'loki',
  source: 'https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs',
  destinations: (url) => ({ loki: { hook_url: url, tenant: 'soc' } }),

  routes: {
    'POST /loki/api/v1/push'(request, store) {
      const { streams } = jsonBody(request, push)
      let count = 0
      for (const { stream, values } of streams) {
        const labels = JSON.stringify(Object.entries(stream).sort())
        const names = Object.keys(stream).length
        if (names === 0 || names > 15) throw new Broken(`a stream has ${names} labels, of 15`)
        for (const [time, line] of values) {
          const at = Number(time.slice(0, -6))
          const newest = Number(store.made.get(labels)?.newest ?? 0)
          if (Buffer.byteLength(line) > 256 * 1024)
            throw new Broken(`max entry size 262144 bytes exceeded by a line of ${Buffer.byteLength(line)}`)
          if (at > store.now() + 10 * 60_000) throw new Broken('an entry has a timestamp too new')
          if (at < store.now() - 7 * 24 * hour_ms) throw new Broken('an entry has a timestamp too old')
          if (at < newest - hour_ms) throw new Broken('entry too far behind, an hour after the newest of its stream')
          store.made.set(labels, { newest: Math.max(newest, at) })
          store.repeats(`${labels} ${time} ${line}`)
          count++
        }
      }
      return { status: 204, did: `${count} line${count === 1 ? '' : 's'}` }
    },
  },

  busy: () => ({ status: 429, text: 'Ingestion rate limit exceeded for user soc' }),
})
