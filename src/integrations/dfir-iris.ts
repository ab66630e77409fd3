import { isIP } from 'node:net'
import * as z from 'zod/mini'
import { parseTimestamp } from '../clock.ts'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, cut, oneLine, sourceAddress, text } from './message.ts'
import { httpUrl, jsonOf, secretText, textOption, tls, withPath } from './options.ts'

const id = (description: string) => z.optional(z.int()).check(z.describe(description))

export default defineIntegration({
  name: 'dfir-iris',
  summary: 'Creates an alert in DFIR-IRIS for each alert.',
  docs: 'https://docs.dfir-iris.org/latest/operations/api/',

  options: z.object({
    hook_url: httpUrl('URL of IRIS; /alerts/add is added when it has no path.'),
    api_key: secretText('API key of an IRIS user that may write alerts.'),
    customer_id: z._default(z.int(), 1).check(z.describe('Customer that the alerts belong to.')),
    customers: z
      .optional(z.record(z.string(), z.int()))
      .check(z.describe('Customer ids by the agent label "customer", where one manager serves several.')),
    severity_ids: z
      ._default(z.tuple([z.int(), z.int(), z.int(), z.int(), z.int()]), [3, 4, 1, 5, 6])
      .check(z.describe('Ids of the severities informational, low, medium, high, critical (/manage/severities/list).')),
    status_id: z._default(z.int(), 2).check(z.describe('Id of the status of new alerts (/manage/alert-status/list).')),
    asset_type_id: id('Id of an asset type (/manage/asset-type/list); when set, the agent is added as an asset.'),
    ioc_type_id: id(
      'Id of the type for addresses (/manage/ioc-types/list); when set, the source address is added as an IOC.',
    ),
    dashboard_url: textOption('Address of the Wazuh dashboard, for the link back.'),
    ...tls,
  }),
  example: { hook_url: 'https://iris.example', api_key: 'iris-api-key' },

  request(alert, options, { title, body, now }) {
    const { rule, agent } = alert
    const { customers, customer_id, asset_type_id, ioc_type_id } = options
    const time = parseTimestamp(alert.timestamp) ?? now
    const source = sourceAddress(alert)
    // IRIS looks whether the value is of its type, and refuses the whole alert for one that is not, such as a host's name.
    const address = source !== undefined && isIP(source) !== 0 ? source : undefined
    const customer = agent?.labels?.customer
    return {
      url: withPath(options.hook_url, '/alerts/add'),
      headers: { authorization: `Bearer ${options.api_key}` },
      json: {
        alert_title: cut(title, 250),
        alert_description: cut(body, 30_000),
        alert_source: 'Wazuh',
        alert_source_ref: text(alert.id),
        alert_source_link: options.dashboard_url ?? '',
        alert_source_content: alert,
        alert_source_event_time: new Date(time).toISOString().slice(0, 19),
        alert_severity_id: bySeverity(alert, options.severity_ids),
        alert_status_id: options.status_id,
        alert_customer_id:
          typeof customer === 'string' && customers && Object.hasOwn(customers, customer)
            ? customers[customer]
            : customer_id,
        alert_note: '',
        alert_tags: ['wazuh', ...(Array.isArray(rule?.groups) ? rule.groups : [])]
          .map((tag) => oneLine(tag).replaceAll(',', ' '))
          .filter(Boolean)
          .join(','),
        alert_context: {
          rule_id: text(rule?.id),
          rule_level: rule?.level,
          agent_id: text(agent?.id),
          agent_name: text(agent?.name),
          location: text(alert.location),
        },
        ...(asset_type_id !== undefined &&
          agent &&
          oneLine(agent.name) !== '' && {
            alert_assets: [
              {
                asset_name: cut(oneLine(agent.name), 255),
                asset_ip: cut(oneLine(agent.ip), 255),
                asset_type_id,
                asset_tags: 'wazuh',
              },
            ],
          }),
        ...(ioc_type_id !== undefined &&
          address && {
            alert_iocs: [
              {
                ioc_value: address,
                ioc_type_id,
                ioc_tlp_id: 2,
                ioc_description: 'source address',
                ioc_tags: 'wazuh',
              },
            ],
          }),
      },
    }
  },

  outcome({ status, text: body }): Outcome | undefined {
    const answer = jsonOf(body)
    if (status === 400 && isAboutOptions(answer)) {
      const said = [answer.message, answer.data].map((part) => oneLine(text(part))).filter(Boolean)
      return { kind: 'paused', reason: cut(`IRIS answers "${said.join(': ')}"`, 300) }
    }
    if (status !== 200) return undefined
    if (answer.status === 'success') {
      const data = answer.data as { alert_id?: unknown } | undefined
      return { kind: 'delivered', ref: text(data?.alert_id) }
    }
    // It answers with all of the alert, which can be more than is read of an answer.
    if (answer.status === undefined && Buffer.byteLength(body) > 60_000 && body.startsWith('{'))
      return { kind: 'delivered' }
    // A login page, or a proxy's own words: not IRIS.
    if (answer.status === undefined)
      return { kind: 'paused', reason: 'the answer is not from the API of IRIS; is the URL right?' }
    return { kind: 'rejected', reason: `IRIS answers "${text(answer.message)}"` }
  },
})

/** About a number of the options, or the customer that the key is not for: the same for every alert. */
function isAboutOptions({ message, data }: Record<string, unknown>): boolean {
  const named = typeof data === 'object' && data !== null ? Object.keys(data) : []
  return (
    named.some((field) => /^(alert_(customer|severity|status)_id|(ioc|asset)_type_id)$/.test(field)) ||
    /^User not entitled|violates foreign key constraint "alerts?_\w+_id_fkey"/.test(text(message))
  )
}
