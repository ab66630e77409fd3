import type { Fake } from './define.ts'

type Load = () => Promise<{ default: Fake }>

/** Every fake, by the name of what it stands for; loaded when first asked for. */
export const fakes: Record<string, Load> = {
  'aws-waf': () => import('./aws-waf.ts'),
  pagerduty: () => import('./pagerduty.ts'),
  servicenow: () => import('./servicenow.ts'),
}
