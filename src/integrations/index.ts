import type { Integration } from '../define.ts'

type Load = () => Promise<{ default: Integration }>

/** Every integration, by name; loaded when first asked for. */
export const integrations: Record<string, Load> = {
  'dfir-iris': () => import('./dfir-iris.ts') as unknown as ReturnType<Load>,
  discord: () => import('./discord.ts') as unknown as ReturnType<Load>,
  elasticsearch: () => import('./elasticsearch.ts') as unknown as ReturnType<Load>,
  email: () => import('./email.ts') as unknown as ReturnType<Load>,
  file: () => import('./file.ts') as unknown as ReturnType<Load>,
  glpi: () => import('./glpi.ts') as unknown as ReturnType<Load>,
  'google-chat': () => import('./google-chat.ts') as unknown as ReturnType<Load>,
  gotify: () => import('./gotify.ts') as unknown as ReturnType<Load>,
  jira: () => import('./jira.ts') as unknown as ReturnType<Load>,
  loki: () => import('./loki.ts') as unknown as ReturnType<Load>,
  matrix: () => import('./matrix.ts') as unknown as ReturnType<Load>,
  mattermost: () => import('./mattermost.ts') as unknown as ReturnType<Load>,
  mqtt: () => import('./mqtt.ts') as unknown as ReturnType<Load>,
  n8n: () => import('./n8n.ts') as unknown as ReturnType<Load>,
  nats: () => import('./nats.ts') as unknown as ReturnType<Load>,
  ntfy: () => import('./ntfy.ts') as unknown as ReturnType<Load>,
  opensearch: () => import('./opensearch.ts') as unknown as ReturnType<Load>,
  opsgenie: () => import('./opsgenie.ts') as unknown as ReturnType<Load>,
  pagerduty: () => import('./pagerduty.ts') as unknown as ReturnType<Load>,
  'redis-streams': () => import('./redis-streams.ts') as unknown as ReturnType<Load>,
  rocketchat: () => import('./rocketchat.ts') as unknown as ReturnType<Load>,
  s3: () => import('./s3.ts') as unknown as ReturnType<Load>,
  servicenow: () => import('./servicenow.ts') as unknown as ReturnType<Load>,
  shuffle: () => import('./shuffle.ts') as unknown as ReturnType<Load>,
  slack: () => import('./slack.ts') as unknown as ReturnType<Load>,
  'splunk-hec': () => import('./splunk-hec.ts') as unknown as ReturnType<Load>,
  syslog: () => import('./syslog.ts') as unknown as ReturnType<Load>,
  teams: () => import('./teams.ts') as unknown as ReturnType<Load>,
  telegram: () => import('./telegram.ts') as unknown as ReturnType<Load>,
  thehive: () => import('./thehive.ts') as unknown as ReturnType<Load>,
  webhook: () => import('./webhook.ts') as unknown as ReturnType<Load>,
  zammad: () => import('./zammad.ts') as unknown as ReturnType<Load>,
}
