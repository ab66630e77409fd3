/** Receivers, wodles and responses of outrider.yaml: what stands in the file, checked against the definitions. */
import { resolve } from 'node:path'
import type * as z from 'zod/mini'
import type { OssecConfig, ReceiverSetting, ResponseSettings, WodleSetting } from './config.ts'
import type { Receiver, Response, Wodle } from './define.ts'
import { didYouMean } from './nearest.ts'
import { collectSecrets, optionNames } from './settings-check.ts'
import { withAbsolutePaths } from './settings-destinations.ts'
import type { Path } from './settings-path.ts'
import { isGroup, type Load, type Reading, split } from './settings-reading.ts'
import { receiverOptions, responseOptions, toByteCount, toSeconds, wodleOptions } from './settings-schema.ts'
import { readTuning } from './settings-tuning.ts'
import type { OssecReading } from './wazuh/ossec-conf.ts'

type Definition = Pick<Wodle, 'options'>

/** The definition's own options of an entry; undefined after reporting what is wrong. */
async function readOwnOptions(
  reading: Reading,
  path: Path,
  kind: string,
  entry: { type: unknown; rest: Record<string, unknown>; others: string[] },
  load: Load<Definition>,
): Promise<Record<string, unknown> | undefined> {
  if (typeof entry.type !== 'string' || entry.type === '') return undefined
  const definition = await load(entry.type)
  if (!definition) {
    const hint = didYouMean(entry.type, load.names) ?? `known are ${load.names.join(', ')}`
    reading.report('error', [...path, 'type'], `there is no ${kind} "${entry.type}"`, hint)
    return undefined
  }
  collectSecrets(definition.options, entry.rest, reading.secrets)
  return reading.parse(definition.options, entry.rest, path, entry.others)
}

export async function readReceivers(reading: Reading, load: Load<Receiver>): Promise<ReceiverSetting[]> {
  const found: ReceiverSetting[] = []
  const others = optionNames(receiverOptions)
  for (const [name, raw] of reading.entries('receivers')) {
    const path = ['receivers', name]
    const { known, rest } = split(raw, others)
    const common = reading.parse(receiverOptions, known, path)
    const options = await readOwnOptions(reading, path, 'receiver', { type: raw.type, rest, others }, load)
    if (!common || !options) continue
    const urlPath = common.path ?? `/webhook/${name}`
    const same = found.find((other) => other.path === urlPath)
    if (same) {
      reading.report(
        'error',
        [...path, 'path'],
        `"${urlPath}" is the path of "${same.name}" too`,
        'give each its own path',
      )
    } else if (urlPath === '/' || /^\/(api|blocklist)(\/|$)/.test(urlPath)) {
      reading.report(
        'error',
        [...path, 'path'],
        `"${urlPath}" belongs to the console, the API or the blocklist`,
        'write a path such as /webhook/github',
      )
    } else {
      found.push({
        place: { file: reading.file, line: reading.lineOf(path) },
        name,
        type: common.type,
        path: urlPath,
        file: resolve(reading.home, common.file ?? `queue/events/webhook-${name}.json`),
        options,
        max_body: common.max_body === undefined ? 25 * 1024 ** 2 : toByteCount(common.max_body),
      })
    }
  }
  return found
}

export async function readWodles(reading: Reading, load: Load<Wodle>, ossec: OssecReading): Promise<WodleSetting[]> {
  const found: WodleSetting[] = []
  const others = optionNames(wodleOptions)
  for (const [tag, raw] of reading.entries('wodles')) {
    const path = ['wodles', tag]
    const { known, rest } = split(raw, others)
    const common = reading.parse(wodleOptions, known, path)
    const options = await readOwnOptions(reading, path, 'wodle', { type: raw.type, rest, others }, load)
    if (!common || !options) continue
    const same = ossec.config.wodles.find((wodle) => wodle.tag === tag && !wodle.disabled)
    if (same) {
      const where = `${same.place.file} on line ${same.place.line}`
      reading.report('error', path, `the <wodle> in ${where} has this tag`, 'give one of the two another name')
      continue
    }
    found.push({
      place: { file: reading.file, line: reading.lineOf(path) },
      tag,
      type: common.type,
      interval: common.interval === undefined ? 3600 : toSeconds(common.interval),
      run_on_start: common.run_on_start ?? true,
      options,
    })
  }
  return found
}

/**
 * Reads `responses:`. Its options are read one by one: a wrong option of one response loses that response only; anything else that is wrong keeps all
 * of them at saying what they would do, because a lost `never` or `max_per_minute` could lock somebody out.
 */
export async function readResponses(
  reading: Reading,
  raw: unknown,
  load: Load<Response>,
  ossec: { isWhiteListWhole: boolean; config: Pick<OssecConfig, 'commands'> },
): Promise<ResponseSettings> {
  const { isWhiteListWhole } = ossec
  const path = ['responses']
  const problem = (at: Path, message: string, hint?: string) => reading.report('error', at, message, hint)
  if (raw !== undefined && raw !== null && !isGroup(raw)) problem(path, 'not a group of options')
  const given = isGroup(raw) ? raw : {}
  const known = Object.keys(responseOptions.shape)
  const isStrange = Object.keys(given).filter((key) => !known.includes(key))
  for (const key of isStrange)
    problem([...path, key], 'no such option', didYouMean(key, known) ?? `known are ${known.join(', ')}`)

  const wrong: string[] = [...isStrange]
  function read<K extends keyof Omit<z.infer<typeof responseOptions>, 'options'>>(key: K) {
    const value =
      given[key] === undefined ? undefined : reading.parse(responseOptions.shape[key], given[key], [...path, key])
    if (given[key] !== undefined && value === undefined) wrong.push(key)
    return value as z.infer<typeof responseOptions>[K]
  }
  const enabled = read('enabled') ?? false
  const never = read('never') ?? []
  const managers = read('managers')
  const dry_run = read('dry_run')
  const responses = [...new Set([...ossec.config.commands.map(({ name }) => name), ...load.names])]
  for (const [n, name] of (dry_run ?? []).entries()) {
    if (responses.includes(name)) continue
    const hint = didYouMean(name, responses) ?? 'write the <name> of a <command>, or one of our responses'
    problem([...path, 'dry_run', n], `there is no response "${name}"`, hint)
    if (!wrong.includes('dry_run')) wrong.push('dry_run')
  }
  const max_per_minute = read('max_per_minute') ?? 60
  const deadline = toSeconds(read('deadline') ?? 30)
  const dialect = read('dialect')
  const unguarded = read('unguarded')
  const over_limit = read('over_limit')
  const approval = read('approval')
  if (approval && over_limit !== 'ask')
    reading.report('warning', [...path, 'approval'], 'is not used without over_limit: ask', 'write over_limit: ask')
  const tuning = readTuning({
    over_limit,
    approval,
    escalation: read('escalation'),
    widest: read('widest'),
    answer: read('answer'),
    max_memory: read('max_memory'),
    undo_on_stop: read('undo_on_stop'),
  })

  const why = !isWhiteListWhole
    ? 'not all of <white_list> could be read'
    : wrong.length > 0
      ? `of the errors in ${wrong.join(', ')}`
      : undefined
  if (enabled && why !== undefined) {
    const hint = isWhiteListWhole ? 'mend them' : 'mend what is reported for the ossec.conf files'
    problem([...path, 'enabled'], `responses only say what they would do, because ${why}`, hint)
  }
  const { options, unusable } = await readResponseOptions(reading, given.options, load)
  const settings = { enabled: enabled && why === undefined, options, unusable, never, max_per_minute, deadline }
  return {
    ...settings,
    ...(managers && { managers }),
    ...(dry_run && { dry_run }),
    ...(dialect && { dialect }),
    ...(unguarded && { unguarded }),
    ...(tuning && { tuning }),
  }
}

/** `options` gets an entry for each of our responses that can be used: those with options that are right, and those that need none. */
async function readResponseOptions(
  reading: Reading,
  raw: unknown,
  load: Load<Response>,
): Promise<{ options: ResponseSettings['options']; unusable: string[] }> {
  const path = ['responses', 'options']
  const options: ResponseSettings['options'] = {}
  const unusable: string[] = []
  if (raw !== undefined && raw !== null && !isGroup(raw)) {
    reading.report(
      'error',
      path,
      'not a group of entries',
      'write the name of a response, and its options below the name',
    )
    // Which ones were meant to have other options is not known.
    return { options, unusable: load.names }
  }
  const given = raw ?? {}
  for (const name of load.names) {
    const { options: schema } = (await load(name))!
    if (given[name] === undefined) {
      const preset = schema.safeParse({})
      if (preset.success) options[name] = preset.data
      continue
    }
    collectSecrets(schema, given[name], reading.secrets)
    const parsed = reading.parse(schema, given[name] ?? {}, [...path, name])
    if (parsed) options[name] = withAbsolutePaths(parsed, reading.home)
    else unusable.push(name)
  }
  for (const name of Object.keys(given)) {
    if (load.names.includes(name)) continue
    const hint = didYouMean(name, load.names) ?? `known are ${load.names.join(', ')}`
    reading.report('error', [...path, name], `there is no response "${name}"`, hint)
  }
  return { options, unusable }
}
