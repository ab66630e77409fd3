/** The tables of state.db, of every feature; whoever opens the database passes all of them. */
import { migrations as delivery } from '../delivery/index.ts'
import type { Migration } from '../durable/state.ts'
import { migrations as lookups } from '../lookups/store.ts'
import { migrations as responses } from '../responses/lease-tables.ts'
import { migrations as engine } from './engine-memory.ts'
import { migrations as receivers } from './receive.ts'

export const migrations: Migration[] = [...receivers, ...engine, ...delivery, ...responses, ...lookups]
