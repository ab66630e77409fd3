/**
 * ossec.conf as Wazuh 4.14 reads it (spec/ossec-conf.md): several files, several `<ossec_config>` in each, sections applied in order.
 *
 * Where a daemon of Wazuh refuses to start, the block at fault is left out and reported; a file that is not well formed is left out as a whole,
 * because half a file could mean active responses without the `<white_list>` that stood below. Warnings tell of what is allowed but means something
 * else than it seems to. Sections that only other daemons read (`<syscheck>`, `<remote>`, …) are checked for their names alone.
 */
import { fromBytes } from '../alert.ts'
import type { OssecConfig, WodleCommandBlock } from '../config.ts'
import { didYouMean } from '../nearest.ts'
import type { Problem } from '../problem.ts'
import { isVar, parseOsXml, type XmlElement } from './os-xml.ts'
import { xmlHint } from './os-xml-hint.ts'
import type { Block, Filled } from './ossec-conf-block.ts'
import { doesNotStart, openBlock } from './ossec-conf-block.ts'
import { globalDefaults, readAlerts, readCluster, readGlobal, readRuleset } from './ossec-conf-global.ts'
import { readIntegration } from './ossec-conf-integration.ts'
import { readLocalfile } from './ossec-conf-localfile.ts'
import { readActiveResponse, readCommand, readRepeatedOffenders } from './ossec-conf-response.ts'
import { readWodleCommand } from './ossec-conf-wodle.ts'

/** `false`: Wazuh refuses the section when it holds no element. spec/ossec-conf.md sections 3 and 4. */
const sections: Record<string, boolean> = {
  global: false,
  ruleset: false,
  syscheck: true,
  rootcheck: true,
  alerts: false,
  email_alerts: false,
  syslog_output: false,
  agentless: false,
  localfile: false,
  remote: false,
  client: false,
  anti_tampering: false,
  client_buffer: true,
  command: false,
  integration: false,
  'active-response': false,
  wodle: true,
  labels: false,
  logging: true,
  cluster: false,
  socket: false,
  sca: true,
  'vulnerability-detection': true,
  'vulnerability-detector': true,
  indexer: true,
  'gcp-pubsub': true,
  'gcp-bucket': true,
  rule_test: false,
  'agent-upgrade': false,
  'task-manager': false,
  wdb: false,
  'fluent-forward': true,
  auth: true,
  reports: false,
  github: false,
  office365: false,
  'ms-graph': false,
  database_output: false,
}

const wodles = [
  'command',
  'osquery',
  'open-scap',
  'syscollector',
  'cis-cat',
  'aws-s3',
  'aws-cloudtrail',
  'docker-listener',
  'azure-logs',
  'agent-key-polling',
]

export interface OssecFile {
  /** Path as the user gave it, for messages. */
  file: string
  /** A byte string. */
  text: string
}

export interface OssecReading {
  config: OssecConfig
  /** In the order of the files and their lines. */
  problems: Problem[]
  /** False: an entry was refused, or a file that may hold entries could not be read. Blocking anything would be a risk then. */
  isWhiteListWhole: boolean
}

/**
 * Reads all files as if they were one.
 *
 * @param resolve puts secrets into the values of an `<integration>`; without it they stay as they are
 */
export function readOssecConf(
  files: OssecFile[],
  resolve: (text: string) => Filled = (text) => ({ text, warnings: [] }),
): OssecReading {
  const reading: Reading = {
    config: {
      integrations: [],
      commands: [],
      responses: [],
      responses_disabled: false,
      wodles: [],
      localfiles: [],
      global: globalDefaults(),
    },
    problems: [],
    isWhiteListWhole: true,
    commandLines: [],
    emptyTags: new Set(),
    resolve,
  }
  const elements: { file: string; element: XmlElement }[] = []
  for (const { file, text } of files) {
    for (const element of readSections(file, text, reading)) elements.push({ file, element })
  }
  for (const { file, element } of elements) {
    if (element.name !== 'command') continue
    const name = element.children.findLast((child) => child.name === 'name')?.content
    if (name) reading.commandLines.push({ name: fromBytes(name), file, line: element.line, state: 'below' })
  }
  for (const { file, element } of elements) readSection(openBlock(element, file, reading.problems), element, reading)
  readExecdOptions(elements, reading)
  const { jsonout_output, alerts_log } = reading.config.global
  if (!jsonout_output && !alerts_log) {
    reading.problems.push({
      severity: 'warning',
      file: files[0]?.file ?? 'ossec.conf',
      line: 0,
      message: '<global>: jsonout_output and alerts_log are both no, so nothing can be sent anywhere',
      hint: 'write <jsonout_output>yes</jsonout_output>',
    })
  }
  const { config, problems, isWhiteListWhole } = reading
  const order = new Map(files.map(({ file }, index) => [file, index]))
  problems.sort((a, b) => order.get(a.file)! - order.get(b.file)! || a.line - b.line)
  return { config, problems, isWhiteListWhole }
}

interface Reading extends OssecReading {
  /** Every `<command>`, and what became of it so far. */
  commandLines: { name: string; file: string; line: number; state: 'below' | 'read' | 'refused' }[]
  /** Wodles whose tag was written and is empty; those without a tag are not replaced. */
  emptyTags: Set<WodleCommandBlock>
  resolve(text: string): Filled
}

/** The elements in the `<ossec_config>` roots of one file. */
function readSections(file: string, text: string, reading: Reading): XmlElement[] {
  const { problems } = reading
  const { roots, error } = parseOsXml(text)
  if (error) {
    reading.isWhiteListWhole = false
    problems.push({
      severity: 'error',
      file,
      line: error.line,
      message: `not well formed, so nothing of this file is used: ${fromBytes(error.message)}`,
      hint: xmlHint(error),
      wazuh: `${doesNotStart}: "(1226): Error reading XML file '${file}': XMLERR: ${fromBytes(error.message)} (line ${error.stoppedAt})."`,
    })
    return []
  }
  const found: XmlElement[] = []
  for (const root of roots) {
    if (isVar(root.name)) continue
    const name = fromBytes(root.name)
    if (name === 'ossec_config') {
      warnOfStrayText(file, text, root, problems)
      for (const section of root.children) {
        if (section.children.length > 0) warnOfStrayText(file, text, section, problems)
        found.push(section)
      }
      continue
    }
    problems.push({
      severity: 'error',
      file,
      line: root.line,
      message: `<${name}> cannot stand at top level`,
      hint:
        name === 'agent_config'
          ? 'this is an agent.conf: put what this machine needs into <ossec_config>'
          : name in sections || name === 'rules'
            ? 'put it into <ossec_config>'
            : (didYouMean(name, ['ossec_config']) ?? 'only <ossec_config> may stand here'),
      wazuh: doesNotStart,
    })
  }
  return found
}

/** Text beside elements means nothing; most often a tag was forgotten. */
function warnOfStrayText(file: string, text: string, parent: XmlElement, problems: Problem[]): void {
  let at = parent.contentStart
  for (const next of [...parent.children, undefined]) {
    const gap = text.slice(at, next?.start ?? parent.contentEnd)
    const stray = gap.replace(/<!.*?(?:-->|!>)/gs, (comment) => comment.replace(/[^\n]/g, ' '))
    if (stray.trim() !== '') {
      const line = parent.line + text.slice(parent.start, at + stray.search(/\S/)).split('\n').length - 1
      const shown = fromBytes(stray.trim().replace(/\s+/g, ' ').slice(0, 60))
      problems.push({
        severity: 'warning',
        file,
        line,
        message: `<${fromBytes(parent.name)}>: the text "${shown}" is ignored`,
        hint: 'put it into an element, or into a comment: <!-- … -->',
      })
    }
    at = next?.end ?? at
  }
}

function readSection(block: Block, element: XmlElement, reading: Reading): void {
  const { config } = reading
  const name = fromBytes(element.name)
  if (isVar(name)) {
    block.warn(element.line, 'it is ignored: ossec.conf has no variables')
    return
  }
  if (!Object.hasOwn(sections, name)) {
    const same = Object.keys(sections).find((section) => section.toLowerCase() === name.toLowerCase())
    reading.problems.push({
      severity: 'error',
      file: block.place.file,
      line: element.line,
      message: `unknown section <${name}>`,
      hint: same
        ? `names are compared with their case: write <${same}>`
        : name === 'rules'
          ? "this is OSSEC's section: Wazuh calls it <ruleset>, with rule_include, rule_dir, decoder_dir and list"
          : didYouMean(name, Object.keys(sections)),
      wazuh: doesNotStart,
    })
    return
  }
  if (element.children.length === 0 && !sections[name]) {
    block.warn(element.line, 'it is empty', { hint: 'delete it', wazuh: doesNotStart })
    return
  }
  if (name !== 'wodle' && element.attributes.length > 0) {
    const attribute = fromBytes(element.attributes[0]!.name)
    block.warn(element.line, `the attribute "${attribute}" is ignored`, {
      hint: `options are elements: <${attribute}>…</${attribute}>`,
    })
  }
  switch (name) {
    case 'global':
      if (!readGlobal(block, config.global).isWhiteListWhole) reading.isWhiteListWhole = false
      break
    case 'alerts':
      readAlerts(block, config.global)
      break
    case 'cluster':
      readCluster(block, config.global)
      break
    case 'ruleset':
      config.ruleset = readRuleset(block, config.ruleset)
      break
    case 'integration': {
      const integration = readIntegration(block, reading.resolve)
      if (integration) config.integrations.push(integration)
      break
    }
    case 'command':
      addCommand(block, reading)
      break
    case 'active-response': {
      const stateLine = (state: 'below' | 'refused') => (wanted: string) =>
        reading.commandLines.find((command) => command.name === wanted && command.state === state)?.line
      const response = readActiveResponse(block, {
        commands: config.commands,
        below: stateLine('below'),
        refused: stateLine('refused'),
      })
      if (response) config.responses.push(response)
      break
    }
    case 'wodle':
      addWodle(block, element, reading)
      break
    case 'localfile':
      addLocalfile(block, reading)
      break
  }
}

function addCommand(block: Block, { config, commandLines }: Reading): void {
  const command = readCommand(block)
  const entry = commandLines.find(({ file, line }) => file === block.place.file && line === block.place.line)
  if (entry) entry.state = command ? 'read' : 'refused'
  if (!command) return
  const first = config.commands.find(({ name }) => name === command.name)
  if (first) {
    block.warn(block.place.line, `a second command "${command.name}": the one on line ${first.place.line} is used`, {
      hint: 'delete one of the two, or give it another name',
    })
    return
  }
  config.commands.push(command)
}

function addWodle(block: Block, element: XmlElement, { config, emptyTags }: Reading): void {
  const [first] = element.attributes
  if (first?.name !== 'name') {
    block.error(element.line, first ? `its first attribute is "${first.name}", not name` : 'it has no name', {
      hint: 'write <wodle name="command">',
    })
    return
  }
  if (first.value !== 'command') {
    if (wodles.includes(first.value)) return
    const meant = didYouMean(first.value, wodles) ?? `known are ${wodles.join(', ')}`
    block.warn(element.line, `there is no wodle "${fromBytes(first.value)}"`, {
      hint: meant,
      wazuh: 'it is left out, with an error in ossec.log',
    })
    return
  }
  const wodle = readWodleCommand(block)
  if (!wodle) return
  // A wodle whose tag is empty is filed under the name "command", where the next one overwrites it. spec/wodle-command.md A1.
  const earlier = config.wodles.find((one) => (one.tag === '' ? emptyTags.has(one) : one.tag === wodle.tag))
  if (earlier) {
    block.warn(
      element.line,
      earlier.tag === ''
        ? `it replaces the wodle with the empty tag on line ${earlier.place.line}`
        : `a second wodle with the tag "${wodle.tag}" replaces the one on line ${earlier.place.line}`,
      { hint: 'give each its own <tag>' },
    )
    config.wodles = config.wodles.filter((one) => one !== earlier)
  }
  if (wodle.tag === '' && block.options.some(({ name }) => name === 'tag')) emptyTags.add(wodle)
  config.wodles.push(wodle)
}

function addLocalfile(block: Block, { config }: Reading): void {
  const localfile = readLocalfile(block)
  if (!localfile) return
  const earlier = config.localfiles.find(
    (one) => one.command === undefined && localfile.command === undefined && one.location === localfile.location,
  )
  if (earlier) {
    block.warn(
      block.place.line,
      `"${localfile.location}" again: it replaces the <localfile> on line ${earlier.place.line}`,
      {
        hint: 'delete one of the two',
      },
    )
    config.localfiles = config.localfiles.filter((one) => one !== earlier)
  }
  config.localfiles.push(localfile)
}

/** execd reads two options by itself: the first it finds in any `<active-response>`. spec/active-response.md section 5. */
function readExecdOptions(elements: { file: string; element: XmlElement }[], reading: Reading): void {
  const find = (name: string) =>
    elements
      .filter(({ element }) => element.name === 'active-response')
      .flatMap(({ file, element }) => element.children.map((option) => ({ file, option })))
      .filter(({ option }) => option.name === name)
  const [disabled] = find('disabled')
  if (disabled) {
    // Anything but yes and no keeps execd from starting, and no response runs either.
    reading.config.responses_disabled = disabled.option.content !== 'no'
    const count = reading.config.responses.length
    if (reading.config.responses_disabled && count > 0) {
      reading.problems.push({
        severity: 'warning',
        file: disabled.file,
        line: disabled.option.line,
        message: `<active-response>: the first <disabled> counts for all, so ${count === 1 ? 'no response runs' : `none of ${count} responses runs`}`,
        hint: 'delete the disabled block, or move it below one with <disabled>no</disabled>',
      })
    }
  }
  const [first, ...others] = find('repeated_offenders')
  if (!first) return
  const minutes = readRepeatedOffenders(fromBytes(first.option.content))
  for (const response of reading.config.responses) {
    if (response.timeout > 0) response.repeated_offenders = minutes
  }
  for (const { file, option } of others) {
    if (option.content === first.option.content) continue
    reading.problems.push({
      severity: 'warning',
      file,
      line: option.line,
      message: `<repeated_offenders> is ignored: the first one, on line ${first.option.line}, counts for all responses`,
      hint: 'write one list',
    })
  }
}
