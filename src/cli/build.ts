import { basename } from 'node:path'
import { type Built, buildScript, type Kind } from '../build/build.ts'
import { definitions } from '../runners/definitions.ts'
import { print } from './output.ts'

/** `outrider build`: a single-file script for a Wazuh or OSSEC that runs it, and what to do with it. */
export async function build(name: string, options: { kind?: Kind; out: string; json?: boolean }): Promise<void> {
  const built = await buildScript({ name, kind: options.kind, out: options.out })
  const { kind, file, bytes, warning } = built
  if (options.json) return print(JSON.stringify({ kind, name: built.name, file, bytes, warning }))
  print(`wrote ${file} (${Math.round(bytes / 1024)} KiB)`)
  if (warning) print(`warning: ${warning}`)
  print(`\n${kind === 'integration' ? await forIntegratord(built) : await forExecd(built)}`)
}

async function forIntegratord({ name, file }: Built): Promise<string> {
  const { default: definition } = await definitions.integrations[name]!()
  const { hook_url, api_key, ...rest } = definition.example
  const options = Object.keys(rest).length > 0 ? JSON.stringify(rest) : undefined
  const element = (tag: string, value: unknown) => (value === undefined ? [] : [`  <${tag}>${value}</${tag}>`])
  return [
    'Install it on the manager, as root:',
    '',
    `install -o root -g wazuh -m 0750 ${file} /var/ossec/integrations/`,
    'install -d -o wazuh -g wazuh -m 0700 /var/ossec/queue/outrider-spool',
    '',
    'and in /var/ossec/etc/ossec.conf, with your own values:',
    '',
    '<integration>',
    ...element('name', basename(file)),
    ...element('hook_url', hook_url),
    ...element('api_key', api_key),
    ...element('options', options),
    ...element('alert_format', 'json'),
    '</integration>',
  ].join('\n')
}

async function forExecd({ name, file }: Built): Promise<string> {
  const { default: definition } = await definitions.responses[name]!()
  const program = `outrider-${basename(file)}`
  return [
    'Install it where it is to act, as root. The name is another one there, since Wazuh has programs of its own called like some of ours:',
    '',
    `install -o root -g wazuh -m 0750 ${file} /var/ossec/active-response/bin/${program}`,
    '',
    'and in /var/ossec/etc/ossec.conf of the manager, with your own rules and times:',
    '',
    '<command>',
    `  <name>${program}</name>`,
    `  <executable>${program}</executable>`,
    `  <timeout_allowed>${definition.delete || definition.deleteMany ? 'yes' : 'no'}</timeout_allowed>`,
    '</command>',
    '<active-response>',
    `  <command>${program}</command>`,
    '  <location>local</location>',
    '  <rules_id>5763</rules_id>',
    ...(definition.delete || definition.deleteMany ? ['  <timeout>600</timeout>'] : []),
    '</active-response>',
  ].join('\n')
}
