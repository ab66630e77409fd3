import type { Fake } from './define.ts'

type Load = () => Promise<{ default: Fake }>

/** Every fake, by the name of what it stands for; loaded when first asked for. */
export const fakes: Record<string, Load> = {
  'aws-waf': () => import('./aws-waf.ts'),
  'dfir-iris': () => import('./dfir-iris.ts'),
  discord: () => import('./discord.ts'),
  elasticsearch: () => import('./elasticsearch.ts'),
  email: () => import('./email.ts'),
  entra: () => import('./entra.ts'),
  fortigate: () => import('./fortigate.ts'),
  'google-chat': () => import('./google-chat.ts'),
  gotify: () => import('./gotify.ts'),
  jira: () => import('./jira.ts'),
  loki: () => import('./loki.ts'),
  matrix: () => import('./matrix.ts'),
  mattermost: () => import('./mattermost.ts'),
  n8n: () => import('./n8n.ts'),
  ntfy: () => import('./ntfy.ts'),
  okta: () => import('./okta.ts'),
  opensearch: () => import('./opensearch.ts'),
  opsgenie: () => import('./opsgenie.ts'),
  pagerduty: () => import('./pagerduty.ts'),
  paloalto: () => import('./paloalto.ts'),
  pfsense: () => import('./pfsense.ts'),
  rocketchat: () => import('./rocketchat.ts'),
  servicenow: () => import('./servicenow.ts'),
  shuffle: () => import('./shuffle.ts'),
  slack: () => import('./slack.ts'),
  'splunk-hec': () => import('./splunk-hec.ts'),
  syslog: () => import('./syslog.ts'),
  teams: () => import('./teams.ts'),
  telegram: () => import('./telegram.ts'),
  thehive: () => import('./thehive.ts'),
  webhook: () => import('./webhook.ts'),
  zammad: () => import('./zammad.ts'),
}
