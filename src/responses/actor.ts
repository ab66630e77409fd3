/**
 * One of our definitions with its options, able to act on many keys at once.
 *
 * A change of many keys is one step when the definition knows how. When that one fails, what it stands on may have been swept away (somebody flushed the
 * firewall), so `prepare` is run and the change tried again; then the keys are divided in two again and again until the bad ones stand alone,
 * which takes a hundred runs at most: the others wait for their next try. What the definition can list is looked at afterwards.
 */
import type { Response, Step } from '../define.ts'
import { runSteps, type StepContext, type StepsResult } from './steps.ts'

type Failed = Extract<StepsResult, { ok: false }>

export interface KeyTime {
  key: string
  /** 0: for ever. */
  seconds: number
}

/** `nothing to do`: it was not done, there is nothing to undo, and trying again is of no use. `not now`: who acts for us cannot be reached, or is too busy. */
export type Failures = Map<string, { reason: string; kind: 'failed' | 'not now' | 'nothing to do' }>

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

/** Of requests that are made key by key. Programs go one after the other: passwd and its like lock each other out. */
const requestsAtOnce = 4

const mostRuns = 100

export function createActor(definition: Response, options: Record<string, unknown>, context: StepContext): Actor {
  let isPrepared = definition.prepare === undefined
  let preparing: Promise<StepsResult> | undefined

  async function prepare(): Promise<StepsResult> {
    if (isPrepared) return { ok: true, outputs: [] }
    preparing ??= runSteps(definition.prepare!(options), context)
    const result = await preparing
    preparing = undefined
    isPrepared = result.ok
    return result
  }

  /** Runs what needs the preparation, and once more after preparing anew when it fails. */
  async function prepared(run: () => Promise<StepsResult>, again: boolean): Promise<StepsResult> {
    const ready = await prepare()
    const result = ready.ok ? await run() : ready
    if (result.ok || result.kind !== 'failed' || !again || !definition.prepare || !ready.ok) return result
    isPrepared = false
    const anew = await prepare()
    return anew.ok ? run() : anew
  }

  async function changeTogether<T extends { key: string }>(items: readonly T[], steps: (some: readonly T[]) => Step[]) {
    const failures: Failures = new Map()
    let runs = 0
    async function attempt(some: readonly T[]): Promise<void> {
      const result = await prepared(() => runSteps(steps(some), context), runs++ === 0)
      if (result.ok) return
      if (some.length === 1 || result.kind !== 'failed' || runs > mostRuns) return fail(failures, some, result)
      const middle = some.length >> 1
      await attempt(some.slice(0, middle))
      await attempt(some.slice(middle))
    }
    await attempt(items)
    return failures
  }

  /** Nothing binds them together, and one that fails says nothing of the next. */
  async function changeEach<T extends { key: string }>(items: readonly T[], steps: (item: T) => Step[]) {
    const failures: Failures = new Map()
    const waiting = [...items]
    async function worker(): Promise<void> {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
        const each = item
        const result = await prepared(() => runSteps(steps(each), context), true)
        if (!result.ok) fail(failures, [each], result)
      }
    }
    const isRequest = items.length > 1 && steps(items[0]!).every((step) => 'url' in step)
    await Promise.all(Array.from({ length: isRequest ? requestsAtOnce : 1 }, worker))
    return failures
  }

  async function list(): ReturnType<Actor['list']> {
    const { list: listing } = definition
    // With no steps, the options say that there is nobody to ask.
    if (!listing || listing.steps(options).length === 0) return undefined
    const listed = await prepared(() => runSteps(listing.steps(options), context), true)
    if (!listed.ok) return { failure: listed.failure }
    try {
      return { keys: listing.parse(listed.outputs, options) }
    } catch (error) {
      return { failure: `its list cannot be read: ${(error as Error).message}` }
    }
  }

  /** What the command claims is not what counts. */
  async function verify(failures: Failures, keys: readonly string[], wanted: boolean): Promise<Failures> {
    if (failures.size === keys.length) return failures
    const listed = await list()
    if (listed === undefined || 'failure' in listed) return failures
    const inForce = new Set(listed.keys)
    const reason = wanted
      ? 'not in force, though the command said so'
      : 'still in force, though the command said otherwise'
    for (const key of keys)
      if (!failures.has(key) && inForce.has(key) !== wanted) failures.set(key, { reason, kind: 'failed' })
    return failures
  }

  return {
    definition,
    options,
    async add(items) {
      const { add, addMany } = definition
      const failures = addMany
        ? await changeTogether(items, (some) => addMany(some, options))
        : await changeEach(items, ({ key, seconds }) => add(key, seconds, options))
      return verify(
        failures,
        items.map(({ key }) => key),
        true,
      )
    },
    async remove(keys) {
      const { delete: remove, deleteMany } = definition
      const items = keys.map((key) => ({ key }))
      const keysOf = (some: readonly { key: string }[]) => some.map(({ key }) => key)
      if (deleteMany)
        return verify(await changeTogether(items, (some) => deleteMany(keysOf(some), options)), keys, false)
      if (!remove) return new Map()
      return verify(await changeEach(items, ({ key }) => remove(key, options)), keys, false)
    },
    list,
  }
}

function fail(failures: Failures, some: readonly { key: string }[], { failure, kind }: Failed): void {
  const how = kind === 'hopeless' ? 'failed' : kind
  for (const { key } of some) failures.set(key, { reason: failure, kind: how })
}
