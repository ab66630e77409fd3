import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, cut, facts, oneLine, text } from './message.ts'
import { basicAuth, httpUrl, jsonOf, secretText, textOption, tls } from './options.ts'

const paragraph = (value: string) => ({ type: 'paragraph', content: [{ type: 'text', text: value }] })

export default defineIntegration({
  name: 'jira',
  summary: 'Creates a Jira issue for each alert, in Jira Cloud or Data Center.',
  docs: 'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-post',

  options: z.object({
    hook_url: httpUrl('Address of Jira, for example https://example.atlassian.net.'),
    user: textOption(
      'E-mail address the API token belongs to (Cloud). Without it the key is a personal access token (Data Center).',
    ),
    api_key: secretText('API token, or personal access token.'),
    project: z.string().check(z.minLength(1), z.describe('Key of the project, for example SOC.')),
    issue_type: z._default(z.string(), 'Task').check(z.describe('Name of the issue type.')),
    priorities: z
      .optional(z.tuple([z.string(), z.string(), z.string(), z.string(), z.string()]))
      .check(
        z.describe(
          "Names of the priorities for informational, low, medium, high, critical; the project's default when left out.",
        ),
      ),
    labels: z
      ._default(z.array(z.string()), ['wazuh'])
      .check(z.describe('Labels of the issue; one for the rule is added.')),
    fields: z
      ._default(z.record(z.string(), z.unknown()), {})
      .check(z.describe("More fields, as Jira's API wants them.")),
    resolved_transition: textOption(
      'Where alerts are grouped: id of the transition of an issue whose incident is over, such as 31. Without it, the issue only gets a comment.',
    ),
    ...tls,
  }),
  example: {
    hook_url: 'https://example.atlassian.net',
    user: 'soc@example.com',
    api_key: 'jira-token',
    project: 'SOC',
  },

  // Limits are by cost; 429 says when.
  rate: 10,

  request(alert, options, { style, title, incident }) {
    const { project, issue_type, priorities, labels, fields } = options
    const { api, headers, isCloud } = accessTo(options)
    const log = cut(text(alert.full_log), 25_000)
    const lines = facts(alert, style).map(({ name, value }) => `${name}: ${cut(value, 500)}`)
    const written = (paragraphs: string[]) =>
      isCloud
        ? {
            type: 'doc',
            version: 1,
            content: [
              ...paragraphs.map(paragraph),
              ...(log === '' ? [] : [{ type: 'codeBlock', content: [{ type: 'text', text: log }] }]),
            ],
          }
        : noformat([...paragraphs, ...(log === '' ? [] : ['', log])].join('\n'))
    const summary = cut(oneLine(title), 255)
    // What follows in an incident becomes a comment on its issue.
    if (incident?.ref)
      return {
        url: `${api}/${encodeURIComponent(incident.ref)}/comment`,
        headers,
        json: { body: written([summary, ...lines]) },
      }
    return {
      url: api,
      headers,
      json: {
        fields: {
          project: { key: project },
          issuetype: { name: issue_type },
          summary,
          description: written(lines),
          // A label holds no blanks.
          labels: [...labels, `rule-${oneLine(alert.rule?.id)}`].map((label) => cut(label.replace(/\s+/g, '-'), 255)),
          ...(priorities && { priority: { name: bySeverity(alert, priorities) } }),
          ...fields,
        },
      },
    }
  },

  resolve(_, options, { title, body, incident }) {
    if (!incident?.ref) return undefined
    const { api, headers, isCloud } = accessTo(options)
    const { resolved_transition: id } = options
    const lines = [oneLine(title), cut(body, 20_000)]
    const comment = isCloud ? { type: 'doc', version: 1, content: lines.map(paragraph) } : noformat(lines.join('\n'))
    const issue = `${api}/${encodeURIComponent(incident.ref)}`
    if (id === undefined) return { url: `${issue}/comment`, headers, json: { body: comment } }
    return {
      url: `${issue}/transitions`,
      headers,
      json: { transition: { id }, update: { comment: [{ add: { body: comment } }] } },
    }
  },

  outcome({ status, text: body }): Outcome | undefined {
    const { key, errors, errorMessages } = jsonOf(body)
    if (status === 201) return { kind: 'delivered', ref: text(key) }
    // An issue that somebody deleted takes no comment.
    if (status === 404 && /issue does not exist/i.test(body))
      return { kind: 'rejected', reason: 'HTTP 404: the issue was deleted' }
    if (status === 404)
      return { kind: 'paused', reason: 'HTTP 404: is the address right, and may the user create issues there?' }
    if (status !== 400) return undefined
    const reason = `HTTP 400 ${cut(oneLine(JSON.stringify([errorMessages, errors])), 300)}`
    // The same for every alert: a field that the project requires, a type or priority it does not have.
    const named = Object.keys((errors as object | undefined) ?? {})
    return named.some((field) => !['summary', 'description', 'labels'].includes(field))
      ? { kind: 'paused', reason }
      : { kind: 'rejected', reason }
  },
})

function accessTo({ hook_url, user, api_key }: { hook_url: string; user?: string | undefined; api_key: string }) {
  const isCloud = user !== undefined
  const { origin, pathname } = new URL(hook_url)
  return {
    isCloud,
    api: `${origin}${pathname.replace(/\/$/, '')}/rest/api/${isCloud ? 3 : 2}/issue`,
    headers: { authorization: isCloud ? basicAuth(user, api_key) : `Bearer ${api_key}`, accept: 'application/json' },
  }
}

/** Wiki markup has no other way to say "as it is"; the text must not end it. */
function noformat(value: string): string {
  return `{noformat}${cut(value.replaceAll('{noformat', '{ noformat'), 30_000)}{noformat}`
}
