import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { levelOf, text } from './message.ts'
import { jsonOf, secretUrl, tls } from './options.ts'

/** The fields of Wazuh's own script, without its hidden list of rules (5710 among them) that it never sends. */
export default defineIntegration({
  name: 'shuffle',
  summary: 'Starts a Shuffle workflow for each alert.',
  docs: 'https://shuffler.io/docs/triggers#webhook',

  options: z.object({
    hook_url: secretUrl("URL of the workflow's webhook trigger (https://shuffler.io/api/v1/hooks/webhook_…)."),
    ...tls,
  }),
  example: { hook_url: 'https://shuffler.io/api/v1/hooks/webhook_11111111-2222-3333-4444-555555555555' },

  request(alert, { hook_url }, { idempotency_key }) {
    const level = levelOf(alert)
    return {
      url: hook_url,
      headers: { 'idempotency-key': idempotency_key },
      json: {
        severity: level <= 4 ? 1 : level <= 7 ? 2 : 3,
        pretext: 'WAZUH Alert',
        title: text(alert.rule?.description) || 'N/A',
        text: alert.full_log,
        rule_id: alert.rule?.id,
        timestamp: alert.timestamp,
        id: alert.id,
        all_fields: alert,
      },
    }
  },

  outcome({ status, text: body }): Outcome | undefined {
    const { success, reason, execution_id } = jsonOf(body)
    if (success === true) return { kind: 'delivered', ref: text(execution_id) }
    if (success !== false || status === 429 || status >= 500) return undefined
    // A webhook that is stopped or was deleted answers so, too.
    return {
      kind: 'paused',
      reason: `HTTP ${status}, Shuffle answers "${text(reason).slice(0, 200)}"; is the trigger started?`,
    }
  },
})
