/** The `outrider` command. Each command's code is loaded when it is called, so that `logtest` does not wait for the daemon's libraries. */
import { resolve } from 'node:path'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { Refused, UserError } from '../problem.ts'
import { defaultHome } from '../runners/home.ts'
import { version } from '../version.ts'

export interface GlobalOptions {
  home: string
}

const program = new Command('outrider')
  .description('The extension system for Wazuh and OSSEC, with an engine of its own.')
  .version(version, '-V, --version')
  .option('--home <dir>', 'folder that stands for /var/ossec', defaultHome())
  .showHelpAfterError('(outrider --help shows what there is)')
  .configureHelp({ sortSubcommands: false })
  .exitOverride()

// `| head` has read enough: then a command is done. The daemon is not, see up.ts.
program.hook('preAction', (_, command) => {
  if (command.name() !== 'up') process.stdout.on('error', () => process.exit())
})

const globals = (): GlobalOptions => ({ home: resolve(program.opts().home) })

program
  .command('up')
  .description('run everything that is configured, in the foreground')
  .option('--json', 'log as JSON lines, also on a terminal')
  .action(async (options) => (await import('./up.ts')).up({ ...globals(), ...options }))

program
  .command('logtest')
  .description('what a log line becomes: one event at a time, or NDJSON in and out with --json')
  .option('--json', 'read one JSON object a line and answer each with one line')
  .option('-v, --verbose', 'show every rule that was tried, and why it did not match')
  .option('-l, --location <location>', 'where the lines come from', 'stdin')
  .option('--ruleset <dir>', 'a folder with rules/ decoders/ lists/')
  .option('--rules <path>', 'rule file or folder; repeatable', collect, [])
  .option('--decoders <path>', 'decoder file or folder; repeatable', collect, [])
  .option('--lists <path>', 'CDB list file or folder; repeatable', collect, [])
  .action(async (options) => (await import('./logtest.ts')).logtest({ ...globals(), ...options }))

program
  .command('test [paths...]')
  .description('run test cases of rules and decoders: our YAML cases and Wazuh’s .ini suites')
  .option('--ruleset <dir>', 'a folder with rules/ decoders/ lists/')
  .option('--rules <path>', 'rule file or folder; repeatable', collect, [])
  .option('--decoders <path>', 'decoder file or folder; repeatable', collect, [])
  .option('--lists <path>', 'CDB list file or folder; repeatable', collect, [])
  .option('--junit <file>', 'write the results as JUnit XML')
  .option('--coverage [file]', 'which rules no event reached; as a page too when a file is named')
  .option('--watch', 'run again after every change')
  .option('--jobs <n>', 'threads; without it as many as are worth it', toThreads)
  .option('--new-from <alert>', 'write a case from the alert in this file (- for standard input)')
  .action(async (paths, options) => (await import('./test.ts')).test(paths, options))

const doctor = program.command('doctor').description('what is wrong and how to mend it')
doctor
  .command('responses')
  .description('scripts of active responses that break the contract of execd, as they were seen when they ran')
  .option('--json', 'JSON instead of text')
  .action(async (options) => (await import('./doctor-responses.ts')).doctorResponses({ ...globals(), ...options }))
doctor
  .command('rules [dir]')
  .description('a ruleset: a folder with rules/ decoders/ lists/; without one, the starter ruleset and what is named')
  .option('--rules <path>', 'rule file or folder; repeatable', collect, [])
  .option('--decoders <path>', 'decoder file or folder; repeatable', collect, [])
  .option('--lists <path>', 'CDB list file or folder; repeatable', collect, [])
  .option('--json', 'JSON instead of text')
  .action(async (dir, options) => (await import('./doctor.ts')).doctorRules(dir, options))

const alerts = program.command('alerts').description('look at alerts.json')
alerts
  .command('tail')
  .description('the newest alerts, and those to come')
  .option('-n, --lines <n>', 'how many of the newest to begin with', toCount, 10)
  .option('--no-follow', 'end after those')
  .option('--level <n>', 'only alerts of at least this level', toCount, 0)
  .option('--json', 'print the alerts as they are')
  .option('--file <path>', 'alerts.json to read instead of the home folder’s')
  .action(async (options) => (await import('./alerts.ts')).tail({ ...globals(), ...options }))
alerts
  .command('report')
  .description('how alerts are distributed over levels, rules, agents and ATT&CK techniques')
  .option('--since <when>', 'begin: a date, or 90m, 24h, 7d before now')
  .option('--until <when>', 'end, likewise')
  .option('--top <n>', 'rows of each part', toCount, 10)
  .option('--json', 'JSON, also on a terminal')
  .option('--file <path>', 'read this file (plain or .gz) instead of the home folder’s days')
  .action(async (options) => (await import('./alerts.ts')).report({ ...globals(), ...options }))

alerts
  .command('explain <id>')
  .description('where one alert went, and why')
  .option('--json', 'JSON instead of a table')
  .action(async (id, options) => (await import('./explain.ts')).explain(id, { ...globals(), ...options }))

const tries = program.command('try').description('what would be sent or done, without a trace')
tries
  .command('destination <name>')
  .description('the exact request that this destination would get for an alert')
  .requiredOption('--alert <file>', 'file whose first line is the alert; - for standard input')
  .option('--send', 'send it, once')
  .option('--json', 'JSON instead of text')
  .action(async (name, options) => (await import('./try.ts')).tryOneDestination(name, { ...globals(), ...options }))
tries
  .command('route <name>')
  .description('what the filters of this destination would have sent')
  .option('--since <when>', 'begin: a date, or 90m, 24h, 7d before now', '24h')
  .option('--json', 'JSON instead of tables')
  .action(async (name, options) => (await import('./try.ts')).tryOneRoute(name, { ...globals(), ...options }))
tries
  .command('response <name>')
  .description('plays execd to a script and says what is wrong with it; shows the steps of one of ours')
  .option('--alert <file>', 'file whose first line is the alert; - for standard input')
  .option('--json', 'JSON instead of text')
  .action(async (name, options) => (await import('./try.ts')).tryOneResponse(name, { ...globals(), ...options }))

const deliveries = program.command('deliveries').description('alerts that wait for a destination or were rejected')
deliveries
  .command('list')
  .description('what waits or was rejected, and why')
  .option('--destination <name>', 'only this destination')
  .option('--state <state>', 'only "waiting" or "rejected"', oneOf('waiting', 'rejected'))
  .option('--limit <n>', 'at most this many', toCount, 100)
  .option('--json', 'JSON instead of a table')
  .action(async (options) => (await import('./deliveries.ts')).list({ ...globals(), ...options }))
deliveries
  .command('show <id>')
  .description('the alert, the request (secrets masked), the answer and the reason')
  .option('--json', 'JSON instead of text')
  .action(async (id, options) => (await import('./deliveries.ts')).show(id, { ...globals(), ...options }))
deliveries
  .command('retry [id]')
  .description('try one again now, or all of a destination')
  .option('--destination <name>', 'all of this destination, also when it is paused')
  .action(async (id, options) => (await import('./deliveries.ts')).retry(id, { ...globals(), ...options }))
deliveries
  .command('drop <id>')
  .description('give one up for good')
  .requiredOption('--reason <text>', 'why; it is kept in the log')
  .action(async (id, options) => (await import('./deliveries.ts')).drop(id, { ...globals(), ...options }))

const silences = program
  .command('silences')
  .description('what destinations are not told for a while; alerts.json and responses are not affected')
silences
  .command('list')
  .description('who holds back what, until when, and how much it was')
  .option('--all', 'also those that are over')
  .option('--json', 'JSON instead of a table')
  .action(async (options) => (await import('./silences.ts')).list({ ...globals(), ...options }))
silences
  .command('add')
  .description('hold alerts back; all that is given must fit')
  .option('--where <expression>', 'alerts for which this CEL expression is true, as in where: of a destination')
  .option('--rule <ids>', 'alerts of these rules: ids with commas between them')
  .option('--agent <names>', 'alerts of these agents: ids or names with commas between them')
  .option('--source <networks>', 'alerts about these source addresses or networks, with commas between them')
  .option('--destination <name>', 'only at this destination; repeatable', collect, [])
  .option('--for <time>', 'how long: 90m, 2h, 7d')
  .option('--until <when>', 'end: a date and time')
  .option('--from <when>', 'begin later: a date and time')
  .requiredOption('--reason <text>', 'why; it is kept')
  .option('--by <name>', 'whose wish it is; default: you')
  .option('--json', 'JSON instead of text')
  .action(async (options) => (await import('./silences.ts')).add({ ...globals(), ...options }))
silences
  .command('end <id>')
  .description('end it now')
  .requiredOption('--reason <text>', 'why; it is kept')
  .option('--by <name>', 'whose wish it is; default: you')
  .action(async (id, options) => (await import('./silences.ts')).end(id, { ...globals(), ...options }))
silences
  .command('audit')
  .description('what people did, and why')
  .option('--limit <n>', 'at most this many', toCount, 100)
  .option('--json', 'JSON instead of a table')
  .action(async (options) => (await import('./silences.ts')).audit({ ...globals(), ...options }))

const blocks = program.command('blocks').description('active responses in force')
blocks
  .command('list')
  .description('what is in force, until when, and why')
  .option('--json', 'JSON instead of a table')
  .action(async (options) => (await import('./blocks.ts')).list({ ...globals(), ...options }))
blocks
  .command('add <response> <key>')
  .description('block by hand; the same guards are asked')
  .requiredOption('--seconds <n>', 'how long; 0 is for ever', toCount)
  .option('--host <name>', 'on this machine of hosts: in outrider.yaml instead of here')
  .requiredOption('--reason <text>', 'why; it is kept')
  .action(async (response, key, options) =>
    (await import('./blocks.ts')).add(response, key, { ...globals(), ...options }),
  )
blocks
  .command('extend <id>')
  .description('let it last longer')
  .requiredOption('--seconds <n>', 'how much longer', toCount)
  .requiredOption('--reason <text>', 'why; it is kept')
  .action(async (id, options) => (await import('./blocks.ts')).extend(id, { ...globals(), ...options }))
blocks
  .command('remove <id>')
  .description('undo it now')
  .requiredOption('--reason <text>', 'why; it is kept')
  .action(async (id, options) => (await import('./blocks.ts')).remove(id, { ...globals(), ...options }))
blocks
  .command('approve [id]')
  .description('let one begin that waits for approval')
  .option('--all', 'all that wait')
  .requiredOption('--reason <text>', 'why; it is kept')
  .action(async (id, options) => (await import('./blocks.ts')).answer(id, { ...globals(), ...options, approve: true }))
blocks
  .command('refuse [id]')
  .description('do not do what waits for approval')
  .option('--all', 'all that wait')
  .requiredOption('--reason <text>', 'why; it is kept')
  .action(async (id, options) => (await import('./blocks.ts')).answer(id, { ...globals(), ...options, approve: false }))
blocks
  .command('history')
  .description('what is over, failed, was refused, or would have been done')
  .option('--limit <n>', 'at most this many', toCount, 100)
  .option('--json', 'JSON instead of a table')
  .action(async (options) => (await import('./blocks.ts')).history({ ...globals(), ...options }))
blocks
  .command('report')
  .description('what was done, would have been done and was refused, by response and rule')
  .option('--since <when>', 'begin: a date, or 90m, 24h, 7d before now', '24h')
  .option('--json', 'JSON instead of a table')
  .action(async (options) => (await import('./blocks.ts')).report({ ...globals(), ...options }))
blocks
  .command('audit')
  .description('what people did, and why')
  .option('--limit <n>', 'at most this many', toCount, 100)
  .option('--json', 'JSON instead of a table')
  .action(async (options) => (await import('./blocks.ts')).audit({ ...globals(), ...options }))
blocks
  .command('allow <key>')
  .description(
    'put an address, a network, a host name or an account out of reach of all responses, and undo its blocks',
  )
  .option('--for <time>', 'how long: 90m, 2h, 7d; for ever without --for and --until')
  .option('--until <when>', 'end: a date and time')
  .requiredOption('--reason <text>', 'why; it is kept')
  .action(async (key, options) => (await import('./blocks.ts')).allow(key, { ...globals(), ...options }))
blocks
  .command('disallow <key>')
  .description('take it off that list')
  .requiredOption('--reason <text>', 'why; it is kept')
  .action(async (key, options) => (await import('./blocks.ts')).disallow(key, { ...globals(), ...options }))
blocks
  .command('allowed')
  .description('what was allowed by hand')
  .option('--json', 'JSON instead of a table')
  .action(async (options) => (await import('./blocks.ts')).allowed({ ...globals(), ...options }))

program
  .command('send <receiver>')
  .description('sign a sample webhook with the configured secret and post it to the running receiver')
  .option('--event <file>', 'JSON payload to send instead of the sample; - for standard input')
  .option('--print', 'print it as a curl command instead of sending it')
  .action(async (receiver, options) => (await import('./send.ts')).send(receiver, { ...globals(), ...options }))

program
  .command('build <name>')
  .description('write one of our integrations or responses as a single file that Wazuh or OSSEC runs')
  .option('--out <dir>', 'folder to write it into', '.')
  .option('--kind <kind>', '"integration" or "response", where both have that name', oneOf('integration', 'response'))
  .option('--json', 'say what was written as JSON')
  .action(async (name, options) => (await import('./build.ts')).build(name, options))

program
  .command('fake [name]')
  .description(
    'a destination on this machine that checks what it gets by its vendor’s rules; without a name, which there are',
  )
  .option('--port <n>', 'port to listen on; any that is free when left out', toPort, 0)
  .option('--429 <percent>', 'answer so many requests with "too many requests"', toShare, 0)
  .option('--500 <percent>', 'answer so many with a server error', toShare, 0)
  .option('--reset <percent>', 'reset the connection of so many, half of them after the request was taken', toShare, 0)
  .option('--hang <percent>', 'never answer so many', toShare, 0)
  .option('--latency <time>', 'wait before each answer: 200ms, 2s', toMilliseconds, 0)
  .option('--seed <n>', 'make the faults repeatable', toCount)
  .option('--json', 'print JSON lines')
  .action(async (name, { 429: busy, 500: failed, reset, hang, ...options }) =>
    (await import('./fake.ts')).fake(name, { ...options, faults: { busy, failed, reset, hang } }),
  )

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = exitCode(error)
}

function exitCode(error: unknown): number {
  // Commander has printed its own message; asking for help is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof UserError || (error instanceof Error && 'hint' in error)) {
    const { message, hint } = error as UserError
    process.stderr.write(`outrider: ${message}\n${hint ? `  hint: ${hint}\n` : ''}`)
    return error instanceof Refused ? 1 : 2
  }
  const why = whyNotReachable(error)
  if (why !== undefined) {
    process.stderr.write(`outrider: ${why}\n  hint: check its owner and mode, and the room on the disk\n`)
    return 2
  }
  process.stderr.write(`outrider: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return 1
}

/** For files and folders that nobody thought of: a person can mend them, and a stack says nothing about them. */
function whyNotReachable(error: unknown): string | undefined {
  const { code, path, message } = error as NodeJS.ErrnoException
  const isReach = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EISDIR', 'ENOTDIR'].includes(code ?? '')
  return isReach && typeof path === 'string' ? message : undefined
}

function toThreads(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('a number from 1 to 99 is needed')
  return Number(text)
}

function collect(value: string, before: string[]): string[] {
  return [...before, value]
}

function toCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a whole number is needed')
  return Number(text)
}

function toPort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError('a port up to 65535 is needed')
  return Number(text)
}

/** `30%` or `30` as 0.3. */
function toShare(text: string): number {
  const percent = /^(\d+(?:\.\d+)?)%?$/.exec(text)?.[1]
  if (percent === undefined || Number(percent) > 100) throw new InvalidArgumentError('a share such as 30% is needed')
  return Number(percent) / 100
}

function toMilliseconds(text: string): number {
  const [, count, unit] = /^(\d+)(ms|s)$/.exec(text) ?? []
  if (count === undefined) throw new InvalidArgumentError('a time such as 200ms or 2s is needed')
  return Number(count) * (unit === 's' ? 1000 : 1)
}

function oneOf(...choices: string[]) {
  return (text: string) => {
    if (!choices.includes(text)) throw new InvalidArgumentError(`one of ${choices.join(', ')} is needed`)
    return text
  }
}
