import type { Receiver } from '../define.ts'

/** Every receiver, by name; loaded when first asked for. */
export const receivers: Record<string, () => Promise<{ default: Receiver }>> = {
  github: () => import('./github.ts') as unknown as Promise<{ default: Receiver }>,
}
