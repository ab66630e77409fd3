import type { Response } from '../define.ts'

/** Every response, by name; loaded when first asked for. */
export const responses: Record<string, () => Promise<{ default: Response }>> = {
  'firewall-drop': () => import('./firewall-drop.ts') as unknown as Promise<{ default: Response }>,
}
