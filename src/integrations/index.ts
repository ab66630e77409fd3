import type { Integration } from '../define.ts'

/** Every integration, by name; loaded when first asked for. */
export const integrations: Record<string, () => Promise<{ default: Integration }>> = {
  'dfir-iris': () => import('./dfir-iris.ts') as unknown as Promise<{ default: Integration }>,
  slack: () => import('./slack.ts') as unknown as Promise<{ default: Integration }>,
  'splunk-hec': () => import('./splunk-hec.ts') as unknown as Promise<{ default: Integration }>,
  webhook: () => import('./webhook.ts') as unknown as Promise<{ default: Integration }>,
}
