/** Pages of responses, receivers and wodles. */
import { describeStep } from '../../src/cli/try.ts'
import type { Receiver, Response, Step, Wodle } from '../../src/define.ts'
import { maskSecrets } from '../../src/secrets.ts'
import { collectSecrets } from '../../src/settings-check.ts'
import { tryIt } from './destinations.ts'
import { optionsTable, responseYaml, yamlExample } from './options.ts'
import { machine, now } from './sample.ts'
import { block, code, page, table } from './text.ts'

const keys: Record<Response['acts_on'], string> = { address: '203.0.113.50', account: 'mallory', process: '4711' }
const targets: Record<Response['acts_on'], string> = {
  address: 'an address or network: the source address of the alert',
  account: 'an account: the user name of the alert',
  process: 'a process: the one that the alert names by its number',
}

export function responsePage(response: Response): string {
  const { name, summary, docs, options, example, acts_on, list, needs_root } = response
  const parsed = options.parse(example) as Record<string, unknown>
  const secrets = new Set<string>()
  collectSecrets(options, example, secrets)
  const mask = maskSecrets(secrets)
  const key = response.parseKey(keys[acts_on], parsed)
  if (key === undefined) throw new Error(`${name} does not take the key ${keys[acts_on]}`)
  const show = (steps: Step[]) => steps.map((step) => mask(describeStep(step))).join('\n')
  const once = response.prepare?.(parsed) ?? []
  const add = response.add(key, 600, parsed)
  const undo = response.delete?.(key, parsed)
  const endsItself = show(add) !== show(response.add(key, 1200, parsed))
  return page(name, [
    summary,
    `Where its means are described: <${docs}>`,
    `It acts on ${targets[acts_on]}.`,
    tryIt(name),
    '## Options',
    Object.keys(options.shape).length === 0 ? 'None.' : optionsTable(options),
    responseYaml(response) === '' ? '' : block('yaml', responseYaml(response)),
    '## In ossec.conf',
    block('xml', ossecConf(name, undo !== undefined)),
    '## What it needs',
    needs(
      [...once, ...add, ...add.flatMap(following), ...(undo ?? []), ...(list?.steps(parsed) ?? [])],
      needs_root === true,
      mask,
    ),
    '## What it does',
    `\`outrider try response ${name}\` shows this with your options and without doing it.`,
    ...part('Once, and again when something of it is missing:', show(once)),
    ...part(`To act on ${code(key)} for 600 seconds:`, show(add)),
    add.length === 0 ? 'It does nothing by itself: the lease is all there is.' : '',
    ...part('Then, when nothing of it is there yet:', show(add.flatMap(following))),
    '## How it ends',
    undo === undefined
      ? 'It is done once and cannot be undone: no timeout is needed, and what came of it stands in `outrider blocks history`.'
      : 'On time, also after a crash or a restart; or by `outrider blocks remove ID --reason TEXT`.',
    ...part(`To undo it for ${code(key)}:`, show(undo ?? [])),
    (undo ?? []).some(hasMore) ? 'What follows depends on the answer.' : '',
    endsItself
      ? 'What acts is told how long the block is to hold, so it ends even when Outrider does not run.'
      : undo === undefined || undo.length === 0
        ? ''
        : 'What acts knows no end by itself: while Outrider does not run, a block holds on.',
    checked(response, add.length > 0),
    `Guards and dry run: see [active response](../active-response.md). Source: \`src/responses/${name}.ts\`.`,
  ])
}

const part = (title: string, text: string) => (text === '' ? [] : [title, block('', text)])
const hasMore = (step: Step) => 'next' in step && step.next !== undefined

/** What comes after a step that looks, when it finds nothing. */
function following(step: Step): Step[] {
  for (const answer of emptyAnswers) {
    const steps = next(step, answer)
    if (steps.length > 0) return steps.flatMap((one) => [one, ...following(one)])
  }
  return []
}

/** As services say that they have none, or what they have before anything is done. */
const emptyAnswers = [
  { status: 404, text: '' },
  ...[
    '',
    '[]',
    '{"success":true,"result":[]}',
    '{"IPSet":{"Addresses":[]},"LockToken":"TOKEN"}',
    '{"data":[{"id":0,"name":"outrider","type":"network","address":[],"detail":[]}]}',
    '{"id":"USER_ID","status":"ACTIVE","profile":{"login":"mallory@example.com"}}',
    '{"access_token":"TOKEN"}',
    '{"id":"USER_ID","userPrincipalName":"mallory@example.com","accountEnabled":true}',
  ].map((text) => ({ status: 200, text })),
]

function next(step: Step, answer: { status: number; text: string }): Step[] {
  try {
    if ('url' in step) return step.next?.({ ...answer, headers: {} }) ?? []
    return 'next' in step && answer.status === 200 ? (step.next?.(answer.text) ?? []) : []
  } catch {
    // This service has other words for it.
    return []
  }
}

function checked({ list, delete: undo }: Response, acts: boolean): string {
  if (!acts || !undo) return ''
  if (!list) return 'What is in force cannot be listed, so success is judged by the steps alone.'
  const strangers = list.shared
    ? 'What others put there is left alone.'
    : 'What is there and was not asked for is removed.'
  return `What is in force is looked at after each change, at every start and every minute. What is missing is put back. ${strangers}`
}

/** What is called where the program of a step is missing. */
function programsInstead(step: Step): string[] {
  const instead = 'argv' in step ? (step.missing?.() ?? []) : []
  return instead.flatMap((one) => [...('argv' in one ? [one.argv[0]] : []), ...programsInstead(one)])
}

function ossecConf(name: string, ends: boolean): string {
  return `<command>
  <name>${name}</name>
  <executable>${name}</executable>
  <timeout_allowed>${ends ? 'yes' : 'no'}</timeout_allowed>
</command>
<active-response>
  <command>${name}</command>
  <location>local</location>
  <rules_id>5763</rules_id>${ends ? '\n  <timeout>600</timeout>' : ''}
</active-response>`
}

function needs(steps: Step[], root: boolean, mask: (text: string) => string): string {
  const some = (pick: (step: Step) => string | undefined) => [
    ...new Set(steps.map(pick).filter((one) => one !== undefined)),
  ]
  const programs = some((step) => ('argv' in step ? step.argv[0] : undefined))
  const instead = [...new Set(steps.flatMap(programsInstead))].map(code).join(', ')
  const files = some((step) => ('file' in step ? step.file : 'read' in step ? step.read : undefined))
  const services = some((step) => ('url' in step ? mask(new URL(step.url).origin) : undefined))
  const items = [
    root ? 'root; without it, it only says what it would do' : '',
    programs.length > 0
      ? `the program${programs.length > 1 ? 's' : ''} ${programs.map(code).join(', ')}${instead && `, or without: ${instead}`}`
      : '',
    files.length > 0 ? `the file${files.length > 1 ? 's' : ''} ${files.map(code).join(', ')}` : '',
    services.length > 0 ? `HTTP to ${services.map(code).join(', ')}` : '',
  ].filter((item) => item !== '')
  return items.length === 0 ? 'Nothing.' : items.map((item) => `- ${item}`).join('\n')
}

// --------------------------------------------------------------------------------------------------------- receivers and wodles

export function receiverPage(receiver: Receiver): string {
  const { name, summary, docs, options, example } = receiver
  const parsed = options.parse(example) as Record<string, unknown>
  const sample = receiver.sample(undefined, parsed, now)
  const verdict = receiver.receive({ method: 'POST', path: `/webhook/${name}`, query: {}, now, ...sample }, parsed)
  if (verdict.kind !== 'accepted') throw new Error(`${name} refuses its own sample: ${verdict.reason}`)
  const headers = Object.entries(sample.headers).map(([key, value]) => `${key}: ${value}`)
  return page(name, [
    summary,
    `The sender's own words on it: <${docs}>`,
    '## Options',
    optionsTable(options),
    'What every receiver has besides (`path`, `file`, `max_body`) is in [settings](../settings.md#a-receiver).',
    '## In outrider.yaml',
    block('yaml', yamlExample('receivers', name, receiver)),
    `The URL path is then \`/webhook/${name}\`.`,
    '## A delivery',
    `This is what \`outrider send ${name}\` posts; the signature is made with the secret of the configuration, here with an example's.`,
    block('', [`POST /webhook/${name}`, ...headers, '', Buffer.from(sample.body).toString()].join('\n')),
    'It becomes this event, one line of JSON in the file of the receiver:',
    ...verdict.events.map((event) => block('json', JSON.stringify(event, null, 2))),
    '## Answers',
    table(
      ['status', 'when'],
      [
        ['200', 'the events are on disk; also for a delivery that came before, which is not counted twice'],
        ['400, 401, 403, 415', 'refused; the reason is in the answer and in the log'],
        ['405', 'not POST'],
        ['408, 413', 'the body came too slowly, or is larger than `max_body`'],
        ['503', 'it cannot be kept now (disk full); with `Retry-After: 30`'],
      ],
    ),
    `Source: \`src/receivers/${name}.ts\`.`,
  ])
}

export function wodlePage(wodle: Wodle): string {
  const { name, summary, options, example } = wodle
  const parsed = options.parse(example) as Record<string, unknown>
  const [event] = [...wodle.run(machine, parsed)]
  return page(name, [
    summary,
    '## Options',
    optionsTable(options),
    'What every wodle has besides (`interval`, `run_on_start`) is in [settings](../settings.md#a-wodle).',
    '## In outrider.yaml',
    block('yaml', yamlExample('wodles', name, wodle)),
    '## Its events',
    `They come from the location \`command_NAME\`, where NAME is the name of the entry, here \`command_${name}\`.`,
    ...(event ? [block('json', JSON.stringify(event, null, 2))] : []),
    `Source: \`src/wodles/${name}.ts\`.`,
  ])
}
