export { createDelivery } from './delivery.ts'
export { migrations } from './store.ts'
export type { DeliveryRunner, DeliverySettings } from './types.ts'
