import * as z from 'zod/mini'
import { parseTimestamp } from '../clock.ts'
import { defineIntegration, type HttpRequest, type Outcome } from '../define.ts'
import {
  bySeverity,
  codeBlock,
  cut,
  escapeMarkdown,
  facts,
  oneLine,
  sourceAddress,
  techniques,
  text,
} from './message.ts'
import { httpUrl, jsonOf, secretText, textOption, tls, withPath } from './options.ts'

export default defineIntegration({
  name: 'thehive',
  summary: 'Creates an alert in TheHive 5 for each alert, with its observables.',
  docs: 'https://docs.strangebee.com/thehive/api-docs/#tag/Alert',

  options: z.object({
    hook_url: httpUrl('Address of TheHive; /api/v1/alert is added when it has no path.'),
    api_key: secretText('API key of a user who may create alerts.'),
    organisation: textOption('Organisation, when the user belongs to several.'),
    tlp: z
      ._default(z.int().check(z.minimum(0), z.maximum(4)), 2)
      .check(z.describe('TLP of the alert, 0 (clear) to 4 (red).')),
    pap: z._default(z.int().check(z.minimum(0), z.maximum(3)), 2).check(z.describe('PAP of the alert, 0 to 3.')),
    procedures: z
      ._default(z.boolean(), false)
      .check(z.describe('Add the ATT&CK techniques as procedures; TheHive must have the catalog.')),
    case_template: textOption('Template of the case that is made of it.'),
    resolved_status: textOption(
      'Where alerts are grouped: status of an alert whose incident is over, such as Ignored. Without it, the alert only gets a comment.',
    ),
    dashboard_url: textOption('Address of the Wazuh dashboard, for the link back.'),
    ...tls,
  }),
  example: { hook_url: 'https://thehive.example:9000', api_key: 'thehive-key' },

  request(alert, options, { style, title, body, idempotency_key, now, incident }) {
    const { tlp, pap } = options
    // What follows in an incident becomes a comment on its alert.
    if (incident?.ref) return comment(options, incident.ref, `${title}\n\n${body}`)
    const { rule, agent } = alert
    const date = parseTimestamp(alert.timestamp) ?? now
    const groups = Array.isArray(rule?.groups) ? rule.groups.map(oneLine) : []
    const tags = ['wazuh', `rule=${oneLine(rule?.id)}`, `agent=${oneLine(agent?.name)}`, ...groups]
      .map((tag) => cut(tag, 100))
      .filter(Boolean)
    const lines = facts(alert, style).map(
      ({ name, value }) => `- **${escapeMarkdown(name)}**: ${escapeMarkdown(cut(value, 500))}`,
    )
    return {
      url: withPath(options.hook_url, '/api/v1/alert'),
      headers: headersOf(options),
      json: {
        type: 'wazuh',
        source: cut(oneLine(alert.manager?.name) || 'wazuh', 64),
        // With type and source it must be unique; the same for each try, so a repeat is recognised.
        sourceRef: idempotency_key,
        title: cut(oneLine(title), 500),
        description: [lines.join('\n'), codeBlock(text(alert.full_log), 20_000)].filter(Boolean).join('\n\n'),
        severity: bySeverity(alert, [1, 1, 2, 3, 4]),
        date,
        tags: [...new Set(tags)].slice(0, 50),
        tlp,
        pap,
        observables: observables(alert),
        ...(options.procedures && {
          procedures: techniques(alert).map(({ id }) => ({ patternId: id, occurDate: date })),
        }),
        ...(options.case_template && { caseTemplate: options.case_template }),
        ...(options.dashboard_url && { externalLink: options.dashboard_url }),
      },
    }
  },

  resolve(_, options, { title, body, incident }) {
    if (!incident?.ref) return undefined
    const { resolved_status: status } = options
    if (status === undefined) return comment(options, incident.ref, `${title}\n\n${body}`)
    return {
      method: 'PATCH',
      url: addressOf(options, incident.ref),
      headers: headersOf(options),
      json: { status, summary: cut(incident.why ?? title, 2000) },
    }
  },

  outcome({ status, text: body }): Outcome | undefined {
    const { _id, type, message } = jsonOf(body)
    if (status === 201) return { kind: 'delivered', ref: text(_id) }
    // A try before this one got through, though its answer did not.
    if (status === 400 && /already exist/i.test(`${text(type)} ${text(message)}`)) return { kind: 'delivered' }
    if (status === 404) return { kind: 'paused', reason: 'HTTP 404: is this the address of TheHive 5?' }
    return undefined
  },
})

interface Access {
  hook_url: string
  api_key: string
  organisation?: string | undefined
}

const headersOf = ({ api_key, organisation }: Access) => ({
  authorization: `Bearer ${api_key}`,
  ...(organisation && { 'x-organisation': encodeURIComponent(organisation) }),
})

const addressOf = ({ hook_url }: Access, id: string) =>
  `${withPath(hook_url, '/api/v1/alert').replace(/\/$/, '')}/${encodeURIComponent(id)}`

function comment(options: Access, id: string, words: string): HttpRequest {
  const message = cut(words.split('\n').map(escapeMarkdown).join('\n\n'), 20_000)
  return { url: `${addressOf(options, id)}/comment`, headers: headersOf(options), json: { message } }
}

type Observable = { dataType: string; data: string; message: string }

/** Two that are the same make TheHive refuse the whole alert. */
function observables(alert: Parameters<typeof sourceAddress>[0]): Observable[] {
  const found = new Map<string, Observable>()
  const add = (dataType: string, value: unknown, message: string) => {
    const data = cut(oneLine(value), 500)
    if (data !== '') found.set(`${dataType} ${data}`, { dataType, data, message })
  }
  const { syscheck, data } = alert
  const record = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>
  add('ip', sourceAddress(alert), 'source address')
  add('ip', record.dstip, 'destination address')
  add('url', record.url, 'URL')
  add('hash', syscheck?.sha256_after ?? syscheck?.sha1_after ?? syscheck?.md5_after, 'file')
  add('filename', syscheck?.path, 'file')
  add('hostname', alert.agent?.name, 'agent')
  return [...found.values()]
}
