/**
 * The form of outrider.yaml: the one source for what is accepted, for its types and for outrider.schema.json. Options of integrations, receivers, wodles
 * and responses stand beside the ones here; their definitions know them.
 */
import * as z from 'zod/mini'
import { isZone } from './clock.ts'

const about = (description: string) => z.describe(description)
const text = () => z.string().check(z.minLength(1))
const list = (description: string) => z.optional(z.array(text())).check(about(description))
const wholeNumber = (min: number, max: number) => z.int().check(z.minimum(min), z.maximum(max))

/** `30`, `30s`, `10m`, `1h`, `1d`, `1w`. Read with {@link toSeconds}. */
const duration = () =>
  z.union([
    z.number().check(z.positive()),
    z.string().check(z.regex(/^[1-9]\d*[smhdw]?$/, 'not a duration such as 30s, 10m, 1h or 1d')),
  ])

/** The same, or `0`. */
const durationOrNone = () =>
  z.union([
    z.number().check(z.minimum(0)),
    z.string().check(z.regex(/^(0|[1-9]\d*[smhdw]?)$/, 'not a duration such as 5s or 1m, or 0')),
  ])

/** `08:00`. */
const timeOfDay = () => z.string().check(z.regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'not a time of day such as 08:00'))

/** `1048576`, `512K`, `5M`. Read with {@link toByteCount}. */
const size = () =>
  z.union([z.int().check(z.minimum(1)), z.string().check(z.regex(/^[1-9]\d*[KM]?$/, 'not a size such as 512K or 5M'))])

const factors: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, K: 1024, M: 1024 ** 2 }

function scale(value: number | string): number {
  return typeof value === 'number' ? value : Number.parseInt(value, 10) * (factors[value.at(-1)!] ?? 1)
}
export const toSeconds = scale
export const toByteCount = scale

// -------------------------------------------------------------------------------------------------------- what every destination has

export const destinationOptions = z.object({
  type: text().check(about('Name of an integration, or script for a program in integrations/.')),
  level: z.optional(wholeNumber(0, 16)).check(about('Alerts of at least this level. Default: all.')),
  rule_id: z
    .optional(
      z.union([
        wholeNumber(0, 999_999),
        z.string().check(z.regex(/^\s*\d{1,6}(\s*,\s*\d{1,6})*\s*$/, 'not a list of rule ids such as 5710,5712')),
        z.array(z.union([wholeNumber(0, 999_999), z.string().check(z.regex(/^\d{1,6}$/, 'not a rule id'))])),
      ]),
    )
    .check(about('Alerts of these rules: one id, a list, or ids with commas between them.')),
  group: z
    .optional(z.union([text(), z.array(text()).check(z.minLength(1))]))
    .check(about('Alerts whose rule has one of these groups: a list, or names with commas between them.')),
  event_location: z
    .optional(text())
    .check(about('Alerts from here: an OS_Match pattern (^, $, | and a leading !) over the location.')),
  where: z
    .optional(text())
    .check(about('Alerts for which this CEL expression is true, such as rule.level >= 10 || data.srcuser == "root".')),
  except: z.optional(text()).check(about('Alerts for which this CEL expression is true are left out.')),
  concurrency: z
    .optional(wholeNumber(1, 256))
    .check(about('How many alerts are sent at once; 1 keeps their order. Default: 1 for scripts, 4 for others.')),
  deadline: z
    .optional(duration())
    .check(about('How long one try may take, such as 30s; a script is killed then. Default: 30s.')),
  rate: z
    .optional(z.number().check(z.positive()))
    .check(about('At most this many requests a second. Default: no limit, or what the service takes.')),
  catch_up: z
    .optional(z.number().check(z.positive()))
    .check(
      about(
        'After an outage: at most this many alerts a second of those older than five minutes; new ones are sent meanwhile. Default: as the rate; without one, or with many alerts in a request, no limit.',
      ),
    ),
  title: z
    .optional(text())
    .check(about('Template (Liquid) of the title of messages, such as {{ agent.name }}: {{ rule.description }}.')),
  body: z
    .optional(text())
    .check(about('Template (Liquid) of the text of messages; {{ default_body }} is what it is without one.')),
  language: z.optional(z.enum(['en', 'ru'])).check(about('Language of messages. Default: en.')),
  timezone: z
    .optional(z.string().check(z.refine(isZone, 'not a time zone such as Europe/Berlin')))
    .check(about('Time zone of the times in messages. Default: as the manager writes them.')),
  group_by: z
    .optional(z.array(z.string().check(z.regex(/^[\w@-]+(\.[\w@-]+)*$/, 'not a field such as rule.id or data.srcip'))))
    .check(
      about(
        'Alerts with the same values of these fields are one incident: the first is sent, the others are counted and told with the next message. []: all alerts are one. Default: each alert is sent.',
      ),
    ),
  repeat: z
    .optional(duration())
    .check(about('With group_by: how long alerts of an incident are counted before the next message. Default: 1h.')),
  resolve_on: z
    .optional(text())
    .check(
      about(
        'With group_by: an alert for which this CEL expression is true ends the incident of its group, and is not sent by itself, such as rule.id == "503" with group_by: [agent.id].',
      ),
    ),
  resolve_after: z
    .optional(duration())
    .check(
      about(
        'With group_by: after how long without an alert an incident is over. Default: as repeat; with resolve_on, 7d.',
      ),
    ),
  resolve_with_block: z
    .optional(z.boolean())
    .check(
      about(
        'With group_by: an incident is over when the block ends that one of its alerts has caused. Default: false.',
      ),
    ),
  digest: z
    .optional(
      z.union([
        z
          .string()
          .check(
            z.regex(
              /^([1-9]\d*[mhdw]|([01]\d|2[0-3]):[0-5]\d)$/,
              'neither a time such as 30m, 1h or 1d, nor a time of day such as 08:00',
            ),
          ),
        z.array(timeOfDay()).check(z.minLength(1)),
      ]),
    )
    .check(
      about(
        'One summary instead of single messages: for a time that begins with the first alert, such as 1h, or at times of day such as ["08:00", "17:00"] in the time zone of messages. Default: none.',
      ),
    ),
  storm: z
    .optional(
      z.object({
        alerts: wholeNumber(1, 1_000_000).check(about('More messages than this are a storm.')),
        within: duration().check(about('… in so long a time, such as 5m; as often comes a summary then.')),
      }),
    )
    .check(about('Summaries instead of single messages while there are too many. Default: none.')),
  lookups: z
    .optional(z.array(text()).check(z.minLength(1)))
    .check(
      about(
        'Names of destinations that are look-ups: what they say of an alert is told with it, in its field lookups and in messages. geoip is the database of the setting geoip. Default: none.',
      ),
    ),
  lookup_wait: z
    .optional(durationOrNone())
    .check(
      about(
        'With lookups: how long an alert waits for their answers at most; 0 tells only what is known already. Default: 5s.',
      ),
    ),
  silences: z
    .optional(z.boolean())
    .check(about('false: silences hold nothing back here, for an archive without gaps. Default: true.')),
  fallback: z.optional(text()).check(about('Name of the destination that gets an alert when this one cannot.')),
  from: z
    .optional(z.enum(['now', 'start']))
    .check(
      about(
        'Where a new destination begins: with the next alert (now), or with what alerts.json holds (start). Default: now.',
      ),
    ),
})

/** `type: script`; names and meaning as in `<integration>`. */
export const scriptOptions = z.object({
  name: text().check(about('File name in integrations/, such as custom-iris.')),
  hook_url: z.optional(z.string()).check(z.meta({ description: 'Third argument of the script.', secret: true })),
  api_key: z.optional(z.string()).check(z.meta({ description: 'Second argument of the script.', secret: true })),
  alert_format: z
    .optional(z.enum(['json', 'plain']))
    .check(about('Form of the file with the alert. Default: json (in ossec.conf it is plain).')),
  options: z
    .optional(z.union([text(), z.record(z.string(), z.unknown())]))
    .check(about('Text, or options that are written as JSON, for the options file of the script.')),
  max_log: z.optional(wholeNumber(165, 1024)).check(about('Bytes of full_log in the plain form. Default: 165.')),
  timeout: z.optional(wholeNumber(0, 86_400)).check(about('Only passed on to the script. Default: 10.')),
  retries: z.optional(wholeNumber(0, 1000)).check(about('Only passed on to the script. Default: 3.')),
})

export const receiverOptions = z.object({
  type: text().check(about('Name of a receiver.')),
  path: z
    .optional(z.string().check(z.regex(/^\/[^\s?#]*$/, 'not a path: it begins with / and has no blank, ? or #')))
    .check(about('URL path. Default: /webhook/NAME.')),
  file: z.optional(text()).check(about('File the events are appended to. Default: queue/events/webhook-NAME.json.')),
  max_body: z.optional(size()).check(about('Largest body that is accepted, such as 5M. Default: 25M.')),
})

export const wodleOptions = z.object({
  type: text().check(about('Name of a wodle.')),
  interval: z.optional(duration()).check(about('From one start to the next, such as 10m. Default: 1h.')),
  run_on_start: z.optional(z.boolean()).check(about('Also run when Outrider starts. Default: true.')),
})

export const responseOptions = z.object({
  enabled: z.optional(z.boolean()).check(about('false: responses only say what they would do. Default: false.')),
  dry_run: list('Commands, or our own responses, that only say what they would do though responses are enabled.'),
  never: z
    .optional(
      z.array(
        text().check(
          z.refine(
            (entry) => !/^country:/i.test(entry) || /^country:[a-z]{2}$/i.test(entry),
            'not a country such as country:DE, with two letters',
          ),
        ),
      ),
    )
    .check(
      about(
        'Addresses, networks, names and countries (country:DE, with geoip) that are never acted on, besides <white_list> and the built-in guards.',
      ),
    ),
  managers: list("Addresses and names of the manager, besides those that <client> of an agent's ossec.conf names."),
  max_per_minute: z
    .optional(wholeNumber(1, 1_000_000))
    .check(about('At most this many new blocks a minute. Default: 60.')),
  over_limit: z
    .optional(z.enum(['refuse', 'ask']))
    .check(
      about('What becomes of more than that: refuse, or ask a person (outrider blocks approve). Default: refuse.'),
    ),
  approval: z
    .optional(
      z.object({
        within: z.optional(duration()).check(about('How long an answer is waited for, such as 10m. Default: 10m.')),
        otherwise: z
          .optional(z.enum(['refuse', 'act']))
          .check(about('What is done when nobody has answered by then. Default: refuse.')),
      }),
    )
    .check(about('With over_limit: ask.')),
  escalation: z
    .optional(
      z.object({
        factor: z
          .optional(z.number().check(z.minimum(1), z.maximum(1000)))
          .check(about('Each time so many times longer than the time before; 1 is no escalation. Default: 1.')),
        longest: z.optional(duration()).check(about('No longer than that by the factor, such as 1d. Default: 1d.')),
        decay: z
          .optional(duration())
          .check(
            about(
              'How much calm makes that one time is forgiven, such as 30d; also with repeated_offenders. Default: 30d.',
            ),
          ),
      }),
    )
    .check(about('How long it lasts for one who comes again, where there is no list of repeated_offenders.')),
  widest: z
    .optional(
      z.object({
        ipv4: z.optional(wholeNumber(1, 32)).check(about('Prefix length, such as 24. Default: 24.')),
        ipv6: z.optional(wholeNumber(1, 128)).check(about('Prefix length, such as 48. Default: 48.')),
      }),
    )
    .check(about('The widest networks that may be acted on.')),
  answer: z
    .optional(duration())
    .check(about('How long a script may take to answer before it is looked at why, such as 5s. Default: 1s.')),
  max_memory: z
    .optional(
      size().check(z.refine((value) => toByteCount(value) >= 1024 ** 2, 'less than 1M, with which no script can run')),
    )
    .check(about('Virtual memory that a response script may have, such as 512M. Default: no limit.')),
  deadline: z.optional(duration()).check(about('How long a response script may run. Default: 30s.')),
  undo_on_stop: z
    .optional(z.boolean())
    .check(
      about(
        'true: when Outrider is stopped, all that is in force is undone, as by execd. Default: false, it stays and is undone on time.',
      ),
    ),
  dialect: z
    .optional(z.record(z.string(), z.enum(['wazuh4', 'ossec', 'wazuh5'])))
    .check(about('Whose contract the script of a command speaks, by the name of the command. Default: wazuh4.')),
  unguarded: list('Commands that the guards are not asked for, because they block nothing: messages, reports.'),
  options: z
    .optional(z.record(z.string(), z.record(z.string(), z.unknown())))
    .check(about('Options of our own responses, by their name.')),
})

export const hostOptions = z.object({
  ssh: z
    .string()
    .check(
      z.regex(
        /^([\w][\w.-]*@)?(\w[\w.-]*|\[[\da-fA-F:]+\]|[\da-fA-F]*:[\da-fA-F:]+)$/,
        'not a destination such as outrider@192.0.2.10',
      ),
      about("Where ssh goes to: user@host, or a name of ssh's own configuration. Its keys and known hosts count."),
    ),
  agent: z.optional(text()).check(about('Id or name of the agent that it is. Default: the name of this entry.')),
  port: z.optional(wholeNumber(1, 65_535)).check(about("Port. Default: as ssh's own configuration says, or 22.")),
  identity: z.optional(text()).check(about("File with the private key. Default: as ssh's own configuration says.")),
  known_hosts: z.optional(text()).check(about("File with the known hosts. Default: as ssh's own configuration says.")),
  home: z
    .optional(z.string().check(z.regex(/^\/[^\r\n\0]*$/, 'not an absolute path')))
    .check(about('Folder there that has active-response/bin. Default: /var/ossec.')),
  sudo: z
    .optional(z.boolean())
    .check(about('Run the script as root with sudo, which must not ask for a password. Default: false.')),
})

const name = z.string().check(z.regex(/^[A-Za-z0-9][\w.-]*$/, 'a name has letters, digits, ".", "-" and "_" only'))

// ----------------------------------------------------------------------------------------------------------------------- sections

export const sections = {
  home: z.optional(text()).check(about('Folder that stands for /var/ossec. Default: the folder of this file.')),
  listen: z
    .optional(
      z.object({
        host: z.optional(text()).check(about('Address for the console, the API and webhooks. Default: 127.0.0.1.')),
        port: z.optional(wholeNumber(0, 65_535)).check(about('Port; 0 is any free one. Default: 9750.')),
        url: z
          .optional(z.url({ protocol: /^https?$/ }))
          .check(
            about(
              'What people reach it by, for links in messages, such as https://outrider.example.com. Default: host and port.',
            ),
          ),
      }),
    )
    .check(about('Where the console, the API and the webhook receivers listen.')),
  engine: z
    .optional(z.enum(['embedded', 'beside']))
    .check(
      about(
        'embedded: our engine makes the alerts. beside: a real Wazuh or OSSEC does, and we follow. Default: embedded.',
      ),
    ),
  alerts: z
    .optional(text())
    .check(about('With engine: beside, the alerts.json to follow. Default: /var/ossec/logs/alerts/alerts.json.')),
  ossec_conf: list('Files like ossec.conf, read in this order. Default: etc/ossec.conf, when it is there.'),
  rules: list('Rule files and folders besides those of <ruleset>.'),
  decoders: list('Decoder files and folders besides those of <ruleset>.'),
  lists: list('CDB list files and folders besides those of <ruleset>.'),
  geoip: z
    .optional(text())
    .check(
      about(
        "GeoIP database (.mmdb) for <srcgeoip> and <dstgeoip> of rules and for messages, such as MaxMind's GeoLite2-City.",
      ),
    ),
  wazuh_socket: z
    .optional(text())
    .check(
      about(
        'With engine: beside, the socket on which Wazuh takes the events of look-ups. Default: queue/sockets/queue of the Wazuh whose alerts are followed.',
      ),
    ),
  destinations: z
    .optional(z.record(name, z.looseObject(destinationOptions.shape)))
    .check(about('Where alerts go, by a name of your choice.')),
  receivers: z
    .optional(z.record(name, z.looseObject(receiverOptions.shape)))
    .check(about('Webhooks that are received, by a name of your choice.')),
  wodles: z
    .optional(z.record(name, z.looseObject(wodleOptions.shape)))
    .check(about('What runs on a schedule; the name becomes part of the location: command_NAME.')),
  responses: z.optional(responseOptions).check(about('Active responses.')),
  hosts: z
    .optional(z.record(name, hostOptions))
    .check(about('Other machines that scripts of responses run on, over SSH, by the names of the agents.')),
  silences: z
    .optional(
      z.object({
        longest: z
          .optional(duration())
          .check(about('How long a silence may last at most, such as 7d. Default: no limit.')),
      }),
    )
    .check(about('Silences, which are made with outrider silences add, the API or the console.')),
  demo: z
    .optional(z.object({ port: wholeNumber(0, 65_535).check(about('Its port on 127.0.0.1.')) }))
    .check(
      about(
        'A small receiver on this machine that the demo destination sends to; delete it when you have real destinations.',
      ),
    ),
}

export const settingsSchema = z.object(sections)
export type Settings = z.infer<typeof settingsSchema>
