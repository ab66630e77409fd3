import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, cutBytes, cutWritten, escapeHtml, facts, oneLine, text } from './message.ts'
import { choice, httpUrl, jsonOf, secretText, tls } from './options.ts'

export default defineIntegration({
  name: 'matrix',
  summary: 'Sends each alert to a Matrix room.',
  docs: 'https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid',

  options: z.object({
    hook_url: httpUrl('Homeserver, for example https://matrix.example.'),
    api_key: secretText('Access token of a user who is in the room.'),
    room_id: z
      .string()
      .check(
        z.regex(/^![^\s/]+$/, 'not a room id such as !abc:example.org'),
        z.describe("Room id (!…), from the room's settings."),
      ),
    msgtype: choice(
      ['m.notice', 'm.text'],
      'm.notice',
      'How it is shown: m.notice makes no sound in most clients, m.text does.',
    ),
    ...tls,
  }),
  example: { hook_url: 'https://matrix.example', api_key: 'syt_token', room_id: '!room:matrix.example' },

  // Synapse's default is one every five seconds after a burst; 429 says when.
  rate: 1,

  request(alert, { hook_url, api_key, room_id, msgtype }, { style, title, idempotency_key, incident }) {
    // An event may have 65,536 bytes; the log is in it twice.
    const log = cutWritten(text(alert.full_log), 25_000, (kept) => JSON.stringify([kept, escapeHtml(kept)]))
    const lines = facts(alert, style).map(({ name, value }) => ({ name, value: cutBytes(value, 500) }))
    const head = `${bySeverity(alert, ['⚪', '🔵', '🟡', '🟠', '🔴'])} ${cutBytes(oneLine(title), 500)}`
    return {
      method: 'PUT',
      // The transaction id makes a repeat harmless.
      url: `${new URL(hook_url).origin}/_matrix/client/v3/rooms/${encodeURIComponent(room_id)}/send/m.room.message/${idempotency_key}`,
      headers: { authorization: `Bearer ${api_key}` },
      json: {
        msgtype,
        body: [head, ...lines.map(({ name, value }) => `${name}: ${value}`), ...(log ? ['', log] : [])].join('\n'),
        format: 'org.matrix.custom.html',
        formatted_body: [
          `<strong>${escapeHtml(head)}</strong>`,
          ...lines.map(({ name, value }) => `<br>${escapeHtml(name)}: ${escapeHtml(value)}`),
          ...(log ? [`<pre><code>${escapeHtml(log)}</code></pre>`] : []),
        ].join(''),
        ...(incident?.ref && { 'm.relates_to': { rel_type: 'm.thread', event_id: incident.ref } }),
        // Said explicitly: this mentions nobody, whatever the text looks like.
        'm.mentions': {},
      },
    }
  },

  outcome({ status, text: body }): Outcome | undefined {
    const { event_id, errcode } = jsonOf(body)
    if (status === 200) return { kind: 'delivered', ref: text(event_id) }
    if (status === 404)
      return {
        kind: 'paused',
        reason: `HTTP 404 ${text(errcode)}: is the homeserver right, and is the user in the room?`,
      }
    return undefined
  },
})
