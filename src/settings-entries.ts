/** Receivers, wodles and responses of outrider.yaml: what stands in the file, checked against the definitions. */
import { resolve } from 'node:path'
import type { ReceiverSetting, ResponseSettings, WodleSetting } from './config.ts'
import type { Receiver, Response, Wodle } from './define.ts'
import { didYouMean } from './nearest.ts'
import { collectSecrets, optionNames } from './settings-check.ts'
import type { Path } from './settings-path.ts'
import { type Load, type Reading, split } from './settings-reading.ts'
import { receiverOptions, type Settings, toByteCount, toSeconds, wodleOptions } from './settings-schema.ts'
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
    } else if (urlPath === '/' || /^\/api(\/|$)/.test(urlPath)) {
      reading.report(
        'error',
        [...path, 'path'],
        `"${urlPath}" belongs to the console and the API`,
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
 * `options` gets an entry for each of our responses that can be used: those with options that are right, and those that need none.
 */
export async function readResponses(
  reading: Reading,
  settings: Settings,
  load: Load<Response>,
  ossec: OssecReading,
): Promise<ResponseSettings> {
  const given = settings.responses ?? {}
  const options: ResponseSettings['options'] = {}
  const unusable: string[] = []
  for (const name of load.names) {
    const definition = (await load(name))!
    const raw = given.options?.[name]
    if (raw === undefined) {
      const preset = definition.options.safeParse({})
      if (preset.success) options[name] = preset.data
      continue
    }
    collectSecrets(definition.options, raw, reading.secrets)
    const parsed = reading.parse(definition.options, raw, ['responses', 'options', name])
    if (parsed) options[name] = parsed
    else unusable.push(name)
  }
  for (const name of Object.keys(given.options ?? {})) {
    if (load.names.includes(name)) continue
    const hint = didYouMean(name, load.names) ?? `known are ${load.names.join(', ')}`
    reading.report('error', ['responses', 'options', name], `there is no response "${name}"`, hint)
  }
  let enabled = given.enabled ?? false
  if (enabled && !ossec.isWhiteListWhole) {
    enabled = false
    reading.report(
      'error',
      ['responses', 'enabled'],
      'responses only say what they would do, because not all of <white_list> could be read',
      'mend what is reported for the ossec.conf files',
    )
  }
  return {
    enabled,
    options,
    unusable,
    never: given.never ?? [],
    max_per_minute: given.max_per_minute ?? 60,
    deadline: given.deadline === undefined ? 30 : toSeconds(given.deadline),
  }
}
