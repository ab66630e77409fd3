import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, cut, cutWritten, facts, text } from './message.ts'
import { secretUrl, textOption } from './options.ts'

// Text runs and not text blocks: only in them Markdown has no meaning, so a log can hold no link.
const run = (value: string, style: Record<string, unknown> = {}) => ({ type: 'TextRun', text: value, ...style })
const rich = (...inlines: unknown[]) => ({ type: 'RichTextBlock', inlines })

export default defineIntegration({
  name: 'teams',
  summary: 'Posts each alert to a Microsoft Teams channel or chat through a Workflow.',
  docs: 'https://support.microsoft.com/office/create-incoming-webhooks-with-workflows-for-microsoft-teams-8ae491c7-0394-4861-ba59-055e33f75498',

  options: z.object({
    hook_url: secretUrl('URL of a Workflow of the kind "When a Teams webhook request is received".').check(
      z.refine((url) => !/\.webhook\.office\.com$/.test(URL.parse(url)?.hostname ?? ''), {
        error: 'an Office 365 connector, which Microsoft has retired; make a Workflow in Teams and use its URL',
      }),
    ),
    dashboard_url: textOption('Address of the Wazuh dashboard, for a button.'),
  }),
  example: {
    hook_url:
      'https://prod-01.westeurope.logic.azure.com/workflows/abc/triggers/manual/paths/invoke?api-version=2016-06-01&sig=x',
  },

  // Above four a second Workflows are throttled.
  rate: 4,

  request(alert, { hook_url, dashboard_url }, { style, title }) {
    const log = text(alert.full_log)
    return {
      url: hook_url,
      json: {
        type: 'message',
        attachments: [
          {
            contentType: 'application/vnd.microsoft.card.adaptive',
            contentUrl: null,
            content: {
              $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
              type: 'AdaptiveCard',
              version: '1.4',
              msteams: { width: 'Full' },
              body: [
                {
                  type: 'Container',
                  style: bySeverity(alert, ['default', 'accent', 'warning', 'warning', 'attention']),
                  items: [rich(run(cut(title, 300), { weight: 'Bolder', size: 'Medium' }))],
                },
                ...facts(alert, style).map(({ name, value }) =>
                  rich(run(`${name}: `, { weight: 'Bolder' }), run(cut(value, 300))),
                ),
                // A card above 28 KB is dropped without a word; some say above 21 KB.
                ...(log === '' ? [] : [rich(run(cutWritten(log, 8000), { fontType: 'Monospace', size: 'Small' }))]),
              ],
              ...(dashboard_url && { actions: [{ type: 'Action.OpenUrl', title: 'Dashboard', url: dashboard_url }] }),
            },
          },
        ],
      },
    }
  },

  outcome({ status, text: body }): Outcome | undefined {
    if (/DirectApiAuthorizationRequired/.test(body))
      return {
        kind: 'paused',
        reason: `HTTP ${status}: the Workflow wants a login, or the URL lacks its end (&sig=…); let anyone trigger it, and copy its URL anew`,
      }
    if (status === 404 || status === 410 || /WorkflowTriggerIsNotEnabled/.test(body))
      return {
        kind: 'paused',
        reason: `HTTP ${status}: the Workflow was deleted, is switched off, or its URL has changed`,
      }
    return undefined
  },
})
