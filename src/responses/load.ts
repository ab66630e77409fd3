import type { ResponseSettings } from '../config.ts'
import type { Response, TlsOptions } from '../define.ts'
import { type Actor, createActor } from './actor.ts'
import type { StepContext } from './steps.ts'

/**
 * Loads our definitions and reads their options. One that needs options which are not given, or whose options are wrong, cannot be used, and says so
 * only to those who want to use it.
 */
export async function loadActors(
  definitions: Readonly<Record<string, () => Promise<{ default: Response }>>>,
  settings: Pick<ResponseSettings, 'options' | 'unusable'>,
  context: StepContext,
): Promise<{ actors: Map<string, Actor>; unusable: Map<string, string> }> {
  const actors = new Map<string, Actor>()
  const unusable = new Map<string, string>()
  for (const [name, load] of Object.entries(definitions)) {
    if (settings.unusable?.includes(name)) {
      unusable.set(name, `responses.options.${name} has errors`)
      continue
    }
    const { default: definition } = await load()
    const options = definition.options.safeParse(settings.options[name] ?? {})
    if (options.success) {
      const tls = options.data as TlsOptions
      actors.set(name, createActor(definition, options.data, { ...context, tls }))
      continue
    }
    const wrong = options.error.issues.map(
      ({ path, message }) => `responses.options.${[name, ...path].join('.')}: ${message}`,
    )
    unusable.set(name, wrong.join('; '))
  }
  return { actors, unusable }
}
