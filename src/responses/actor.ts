/**
 * One of our definitions with its options, able to act on many keys at once.
 *
 * A change of many keys is one step when the definition knows how. When that one fails, what it stands on may have been swept away (somebody flushed the
 * firewall), so `prepare` is run and the change tried again; then the keys are divided in two again and again until the bad ones stand alone,
 * which takes a hundred runs at most: the others wait for their next try. What the definition can list is looked at afterwards.
 */
import type { Response } from '../define.ts'
import { runSteps, type StepContext, type StepsResult } from './steps.ts'

type Failed = Extract<StepsResult, { ok: false }>

export interface KeyTime {
  key: string
  /** 0: for ever. */
  seconds: number
}

/** `nothing to do`: it was not done, there is nothing to undo, and trying again is of no use. */
export type Failures = Map<string, { reason: string; kind: 'failed' | 'nothing to do' }>

export interface Actor {
  readonly definition: Response
  readonly options: Record<string, unknown>
  /** By key, what went wrong; a key that is not in it is in force. */
  add(keys: readonly KeyTime[]): Promise<Failures>
  /** By key, what went wrong; a key that is not in it is no longer in force. */
  remove(keys: readonly string[]): Promise<Failures>
  /** Undefined when the definition cannot list. */
  list(): Promise<{ keys: string[] } | { failure: string } | undefined>
}

export function createActor(definition: Response, options: Record<string, unknown>, context: StepContext): Actor {
  let isPrepared = definition.prepare === undefined

  async function prepare(): Promise<StepsResult> {
    if (isPrepared) return { ok: true, outputs: [] }
    const result = await runSteps(definition.prepare!(options), context)
    isPrepared = result.ok
    return result
  }

  async function change<T>(
    items: readonly T[],
    keyOf: (item: T) => string,
    one: (item: T) => ReturnType<Response['add']>,
    many: ((items: readonly T[]) => ReturnType<Response['add']>) | undefined,
  ): Promise<Failures> {
    const failures: Failures = new Map()
    const fail = (some: readonly T[], { failure, kind }: Failed) => {
      const how = { reason: failure, kind: kind === 'nothing to do' ? kind : 'failed' } as const
      for (const item of some) failures.set(keyOf(item), how)
    }
    let runs = 0
    async function attempt(some: readonly T[]): Promise<void> {
      const ready = await prepare()
      if (!ready.ok) return fail(some, ready)
      let result = await run(some)
      if (!result.ok && result.kind === 'failed' && definition.prepare && runs === 1) {
        isPrepared = false
        const again = await prepare()
        result = again.ok ? await run(some) : again
      }
      if (result.ok) return
      if (some.length === 1 || result.kind !== 'failed' || runs > 100) return fail(some, result)
      const middle = some.length >> 1
      await attempt(some.slice(0, middle))
      await attempt(some.slice(middle))
    }
    function run(some: readonly T[]): Promise<StepsResult> {
      runs++
      return runSteps(many ? many(some) : some.flatMap(one), context)
    }
    if (many) await attempt(items)
    // Nothing binds these together: one that fails says nothing of the next.
    else
      for (const item of items) {
        runs = 0
        await attempt([item])
      }
    return failures
  }

  async function list(): ReturnType<Actor['list']> {
    if (!definition.list) return undefined
    const ready = await prepare()
    if (!ready.ok) return { failure: ready.failure }
    let listed = await runSteps(definition.list.steps(options), context)
    if (!listed.ok && definition.prepare && listed.kind === 'failed') {
      isPrepared = false
      const again = await prepare()
      listed = again.ok ? await runSteps(definition.list.steps(options), context) : again
    }
    return listed.ok ? { keys: definition.list.parse(listed.outputs, options) } : { failure: listed.failure }
  }

  /** What the command claims is not what counts. */
  async function verify(failures: Failures, keys: readonly string[], wanted: boolean): Promise<void> {
    if (failures.size === keys.length) return
    const listed = await list()
    if (listed === undefined || 'failure' in listed) return
    const inForce = new Set(listed.keys)
    for (const key of keys)
      if (!failures.has(key) && inForce.has(key) !== wanted)
        failures.set(key, {
          reason: wanted
            ? 'not in force, though the command said so'
            : 'still in force, though the command said otherwise',
          kind: 'failed',
        })
  }

  return {
    definition,
    options,
    async add(items) {
      const { add, addMany } = definition
      const failures = await change(
        items,
        ({ key }) => key,
        ({ key, seconds }) => add(key, seconds, options),
        addMany && ((some) => addMany(some, options)),
      )
      await verify(
        failures,
        items.map(({ key }) => key),
        true,
      )
      return failures
    },
    async remove(keys) {
      const { delete: remove, deleteMany } = definition
      if (!remove && !deleteMany) return new Map()
      const failures = await change(
        keys,
        (key) => key,
        (key) => remove!(key, options),
        deleteMany && ((some) => deleteMany(some, options)),
      )
      await verify(failures, keys, false)
      return failures
    },
    list,
  }
}
