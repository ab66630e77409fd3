/** Pages of integrations and look-ups. */
import type { Alert } from '../../src/alert.ts'
import type { Batch, Integration, Lookup, Outcome, Outgoing } from '../../src/define.ts'
import { buildRequest, showRequest } from '../../src/delivery/attempt.ts'
import { judge } from '../../src/delivery/outcome.ts'
import { fakes } from '../../src/fakes/index.ts'
import { blockExample, optionsTable, yamlExample } from './options.ts'
import { alert, fileAlert, now } from './sample.ts'
import { block, page, table } from './text.ts'

const common = 'What every destination has besides, such as filters, is in [settings](../settings.md#a-destination).'

export function integrationPage(integration: Integration): string {
  const { name, summary, docs, options, rate, resolve } = integration
  const made = requestFor(integration, alert)
  return page(name, [
    summary,
    `The service's own words on it: <${docs}>`,
    tryIt(name),
    ...configuration(integration, 'soc'),
    '## What is sent',
    'For [this alert](../sample-alert.md), with the options above and made-up secrets. `outrider try destination` shows the same for yours, with secrets as `***`.',
    made ? block('', showRequest(made)) : 'Nothing: this alert is not for this destination.',
    '## What an answer means',
    ...(made ? answers(integration, made) : []),
    rate === undefined ? '' : `At most ${rate} a second are sent, unless \`rate\` says otherwise.`,
    resolve ? 'With `group_by`, the destination is told when an incident is over.' : '',
    `Source: \`src/integrations/${name}.ts\`. Options are checked before anything is sent${hasRefinement(options) ? ', also where they depend on each other' : ''}.`,
  ])
}

/** Where there is a fake. */
export const tryIt = (name: string) =>
  name in fakes
    ? `Without an account: \`outrider fake ${name}\` plays the service on this machine, see [trying a destination](../guides/try-without-an-account.md).`
    : ''

function configuration(kind: Integration | Lookup, prefix: string): string[] {
  return [
    '## Options',
    optionsTable(kind.options),
    common,
    '## In outrider.yaml',
    block('yaml', yamlExample('destinations', `${prefix}-${kind.name}`, kind, { level: 7 })),
    '## In ossec.conf',
    `\`custom-${kind.name}\` is the same, as long as there is no script of that name in \`integrations/\`.`,
    block('xml', blockExample(kind)),
  ]
}

/** A refinement is a check of the object itself. */
function hasRefinement(schema: { _zod: { def: { checks?: unknown[] } } }): boolean {
  return (schema._zod.def.checks ?? []).length > 0
}

function requestFor(integration: Integration, given: Alert): Outgoing | undefined {
  const options = parse(integration)
  const line = JSON.stringify(given)
  const built = buildRequest(integration, options, { destination: 'soc', line, alert: given, now: () => now })
  if ('error' in built) throw built.error
  return built.request
}

const parse = ({ options, example }: Pick<Integration, 'options' | 'example'>) =>
  options.parse(example) as Record<string, unknown>

// ---------------------------------------------------------------------------------------------------------------------- answers

const words: Record<Outcome['kind'], string> = {
  delivered: 'delivered',
  retry: 'tried again later',
  paused: 'the destination waits for a person; its queue is kept',
  rejected: 'never accepted; kept with the reason',
}

function answers(integration: Integration, made: Outgoing): string[] {
  if ('url' in made) return httpAnswers(integration)
  if ('file' in made)
    return [
      'Delivered is what is on disk. A full disk is tried again later; a file that may not be written waits for a person (`paused`), and its queue is kept.',
    ]
  if ('smtp' in made)
    return [
      table(
        ['the server says', 'then'],
        [
          ['2yz', words.delivered],
          ['4yz, or no connection', words.retry],
          ['530, 535, or it refuses sender or recipient', words.paused],
          ['any other 5yz', words.rejected],
        ],
      ),
    ]
  for (const broker of ['nats', 'redis', 'mqtt'] as const) if (broker in made) return brokerAnswers[broker]
  return [
    'A syslog server answers nothing: delivered is what this machine has sent. Without a connection (TCP, TLS) it is tried again later. What was sent into a connection that then broke, or over UDP, may be lost without a sign.',
  ]
}

const kept = 'One connection is kept. When it is lost, what was not confirmed is tried again'

const brokerAnswers = {
  nats: [
    table(
      ['the server', 'then'],
      [
        ['confirms it: JetStream has stored it, or without JetStream the server has it', words.delivered],
        ['is not there, does not answer, or its stream is full', words.retry],
        ['refuses the login or the subject, or no stream takes the subject', words.paused],
        ['says that it is too large', words.rejected],
      ],
    ),
    `${kept}; JetStream drops the repeat, as long as its \`duplicate_window\` reaches back (two minutes unless the stream says otherwise).`,
  ],
  redis: [
    table(
      ['the server', 'then'],
      [
        ['answers with the id of the entry', words.delivered],
        ['is not there, does not answer, or says `OOM`, `LOADING`, `READONLY`, `BUSY`, `CLUSTERDOWN`', words.retry],
        ['says anything else, such as `WRONGPASS`, `NOPERM`, `WRONGTYPE`', words.paused],
      ],
    ),
    `${kept}, so an entry can come twice, with the same \`idempotency_key\`. What Redis has confirmed survives its crash as far as its \`appendonly\` and \`appendfsync\` go.`,
  ],
  mqtt: [
    table(
      ['the broker', 'then'],
      [
        ['acknowledges it (PUBACK), also when nobody listens', words.delivered],
        ['is not there, does not answer, is busy, or a quota is used up', words.retry],
        ['refuses the login or the topic', words.paused],
        ['says that it is too large, or that the payload is not allowed', words.rejected],
      ],
    ),
    `${kept}, so a message can come twice, with the same \`idempotency_key\` among its user properties (MQTT 5).`,
  ],
}

function httpAnswers({ name, outcome, options, example, batch }: Integration): string[] {
  const parsed = options.parse(example) as Record<string, unknown>
  const verdict = (status: number): string => {
    const response = { status, headers: {}, text: '' }
    const usual = judge(response, now)
    return words[(outcome?.(response, parsed) ?? usual).kind]
  }
  const own = outcome
    ? `The text of an answer counts as well, where the status code does not tell: see \`outcome\` in \`src/integrations/${name}.ts\`. The table is for an answer without text.`
    : ''
  return [
    table(
      ['HTTP status', 'then'],
      grouped(verdict).map(({ then, codes }) => [codes, then]),
    ),
    own,
    batch ? inBatches(batch) : '',
    'No connection, a timeout or a broken answer is tried again later. `Retry-After` is heeded up to an hour; redirects are not followed.',
  ]
}

function inBatches({ max_count, max_bytes, outcomes }: Batch): string {
  const each = outcomes
    ? 'The answer tells what became of each alert, and one that is refused is tried again, or rejected, by itself.'
    : 'One that is refused with 400, 413 or 422 is sent again in halves, so that the alert that spoils it is found and rejected by itself.'
  return `Up to ${max_count} alerts, or ${max_bytes / 1024} KiB of them, go in one request: an alert that comes alone goes at once, and while it is on its way others gather. ${each}`
}

/** Status codes that lead to the same, as ranges: `500 to 599`. */
function grouped(verdict: (status: number) => string): { then: string; codes: string }[] {
  const ranges = new Map<string, [number, number][]>()
  for (let status = 200; status < 600; status++) {
    const then = verdict(status)
    const list = ranges.get(then) ?? []
    const last = list.at(-1)
    if (last && last[1] === status - 1) last[1] = status
    else list.push([status, status])
    ranges.set(then, list)
  }
  // What is left over after all that are named one by one.
  return Object.values(words)
    .filter((then) => ranges.has(then))
    .map((then) => {
      const list = ranges.get(then)!
      const codes = list
        .map(([from, to]) => (from === to ? String(from) : from + 1 === to ? `${from}, ${to}` : `${from} to ${to}`))
        .join(', ')
      return { then, codes: then === words.rejected ? 'any other' : codes }
    })
}

// --------------------------------------------------------------------------------------------------------------------- look-ups

export function lookupPage(lookup: Lookup): string {
  const { name, summary, docs, options, example } = lookup
  const parsed = options.parse(example) as Record<string, unknown>
  const asked = [fileAlert, alert].find((one) => lookup.subjects(one, parsed).length > 0)
  const subject = asked && lookup.subjects(asked, parsed)[0]
  const unknown = asked && subject && lookup.event(undefined, subject, asked, parsed)
  return page(name, [
    summary,
    `The service's own words on it: <${docs}>`,
    tryIt(name),
    'A look-up is a destination that answers: what the service says comes back as an event, and rules make alerts of it. See [look-ups](../lookups.md).',
    ...configuration(lookup, 'ask'),
    '## What is asked',
    ...(asked && subject
      ? [
          `For an alert about ${subject.kind === 'hash' ? 'a file' : 'an address'} (${subject.kind} \`${subject.value}\`), with the options above:`,
          block('', showRequest(lookup.request(subject, parsed))),
          '## The event',
          unknown
            ? 'Where the service does not know the subject:'
            : 'Where the service does not know the subject there is no event.',
          unknown ? block('json', JSON.stringify(unknown, null, 2)) : '',
        ]
      : ['Only alerts that hold what is asked about.']),
    `Source: \`src/lookups/${name}.ts\`.`,
  ])
}
