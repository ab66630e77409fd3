import type { Wodle } from '../define.ts'

/** Every wodle, by name; loaded when first asked for. */
export const wodles: Record<string, () => Promise<{ default: Wodle }>> = {
  'listening-ports': () => import('./listening-ports.ts') as unknown as Promise<{ default: Wodle }>,
}
