import { migrations as silences } from './silences.ts'
import { migrations as deliveries } from './store.ts'

export { noteBlockEnd } from './block-ends.ts'
export { createDelivery } from './delivery.ts'
export { createSilences, type Silences } from './silences.ts'
export type { DeliveryRunner, DeliverySettings } from './types.ts'

export const migrations = [...deliveries, ...silences]
