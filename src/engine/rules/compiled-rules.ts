/** `<compiled_rule>`: the five functions that are built into the engine. compiled_rules/generic_samples.c, 4.14.7. */
import { type EngineEvent, Static } from '../event.ts'

const crawlers = ['66.249.', '72.14.', '209.85.', '65.55.', '207.46.', '74.6.', '72.30.', '67.195.']

export const compiledRules = {
  comp_srcuser_dstuser: ({ statics }: EngineEvent) => {
    const from = statics[Static.srcuser]
    const to = statics[Static.dstuser]
    return from === undefined || to === undefined || from === to
  },
  check_id_size: ({ statics }: EngineEvent) => (statics[Static.id]?.length ?? 0) >= 10,
  comp_mswin_targetuser_calleruser_diff: ({ log }: EngineEvent) => accountsDiffer(log),
  is_simple_http_request: ({ statics }: EngineEvent) => statics[Static.url]?.includes('?') === false,
  is_valid_crawler: ({ log }: EngineEvent) => crawlers.some((prefix) => log.startsWith(prefix)),
} as const

export type CompiledRuleName = keyof typeof compiledRules

/** Compares what follows `Target Account Name…:` and `Caller User Name…:` up to a tab or two blanks. */
function accountsDiffer(log: string): boolean {
  const target = afterColon(log, 'Target Account Name')
  const caller = afterColon(log, 'Caller User Name')
  if (target === undefined || caller === undefined) return false
  for (let i = 0; target + i < log.length; i++) {
    const char = log[target + i]
    if (char !== log[caller + i]) return true
    if (char === '\t' || (char === ' ' && log[target + i + 1] === ' ')) return false
  }
  return false
}

function afterColon(log: string, label: string): number | undefined {
  const at = log.indexOf(label)
  const colon = at === -1 ? -1 : log.indexOf(':', at)
  return colon === -1 ? undefined : colon + 1
}
