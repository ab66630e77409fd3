export { createDelivery } from './delivery.ts'
export { migrations } from './store.ts'
export type {
  DeliveryDetail,
  DeliveryRunner,
  DeliverySettings,
  DeliverySummary,
  DestinationStatus,
  Tuning,
} from './types.ts'
