/** What `responses:` says of the responder's limits, in its own units; defaults of options that stand beside a given one are filled in here. */
import type * as z from 'zod/mini'
import type { ResponseTuning } from './config.ts'
import { type responseOptions, toByteCount, toSeconds } from './settings-schema.ts'

type Given = Pick<
  z.infer<typeof responseOptions>,
  'over_limit' | 'approval' | 'escalation' | 'widest' | 'answer' | 'max_memory' | 'undo_on_stop'
>

/** Undefined when nothing was said. */
export function readTuning(given: Given): ResponseTuning | undefined {
  const { over_limit, approval, escalation, widest, answer, max_memory, undo_on_stop } = given
  const tuning: ResponseTuning = {
    ...(over_limit === 'refuse' && { over_limit: { kind: 'refuse' } }),
    ...(over_limit === 'ask' && {
      over_limit: {
        kind: 'ask',
        seconds: toSeconds(approval?.within ?? 600),
        otherwise: approval?.otherwise ?? 'refuse',
      },
    }),
    ...(escalation && {
      escalation: {
        factor: escalation.factor ?? 1,
        longest: toSeconds(escalation.longest ?? '1d'),
        decay_ms: toSeconds(escalation.decay ?? '30d') * 1000,
      },
    }),
    ...(widest && { widest: { ipv4: widest.ipv4 ?? 24, ipv6: widest.ipv6 ?? 48 } }),
    ...(answer !== undefined && { answer_ms: Math.round(toSeconds(answer) * 1000) }),
    ...(undo_on_stop !== undefined && { undo_on_stop }),
    ...(max_memory !== undefined && { max_memory_bytes: toByteCount(max_memory) }),
  }
  return Object.keys(tuning).length > 0 ? tuning : undefined
}
