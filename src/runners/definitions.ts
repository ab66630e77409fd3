/** Every definition that the configuration may name. */
import { integrations } from '../integrations/index.ts'
import { lookups } from '../lookups/index.ts'
import { receivers } from '../receivers/index.ts'
import { responses } from '../responses/index.ts'
import type { Definitions } from '../settings.ts'
import { wodles } from '../wodles/index.ts'

export const definitions: Definitions = { integrations, lookups, receivers, responses, wodles }
