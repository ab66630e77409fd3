import { readFileSync } from 'node:fs'
import { Refused, UserError } from '../problem.ts'
import { definitions } from '../runners/definitions.ts'
import { findDaemon } from '../runners/home.ts'
import { loadConfig } from '../settings.ts'
import { print } from './output.ts'

/** `outrider send`: a webhook as the real sender would sign it, with the secret of the configuration. */
export async function send(name: string, options: { home: string; event?: string; print?: boolean }): Promise<void> {
  const { home } = options
  const config = await loadConfig({ home, definitions })
  const setting = config.receivers.find((receiver) => receiver.name === name)
  if (!setting) {
    const names = config.receivers.map((receiver) => receiver.name)
    throw new UserError(
      `there is no receiver "${name}"`,
      names.length > 0 ? `configured are: ${names.join(', ')}` : 'add one below "receivers:" in outrider.yaml',
    )
  }
  const daemon = findDaemon(home)
  if (!daemon?.url && !options.print)
    throw new UserError(`no outrider runs in ${home}`, `start it: outrider --home ${home} up`)
  const { host, port } = config.listen
  const url = `${daemon?.url ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`}${setting.path}`

  const { default: definition } = await definitions.receivers[setting.type]!()
  const { headers, body } = definition.sample(
    options.event === undefined ? undefined : readEvent(options.event),
    setting.options,
    Date.now(),
  )
  if (options.print) return print(toCurl(url, headers, body))
  const response = await fetch(url, { method: 'POST', headers, body: Buffer.from(body) })
  const text = (await response.text()).trim()
  if (!response.ok) throw new Refused(`${url} answered ${response.status}: ${text}`)
  print(`${name} took it: HTTP ${response.status}${text ? ` ${text}` : ''}`)
}

function readEvent(file: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
    throw new Error('it is not a JSON object')
  } catch (error) {
    throw new UserError(
      `"${file}" cannot be sent: ${(error as Error).message}`,
      'give a file with one JSON object, as the sender would post it',
    )
  }
}

function toCurl(url: string, headers: Record<string, string>, body: Uint8Array): string {
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  const parts = Object.entries(headers).map(([key, value]) => `-H ${quote(`${key}: ${value}`)}`)
  return `curl -sS ${parts.join(' ')} --data-binary ${quote(Buffer.from(body).toString('utf8'))} ${quote(url)}`
}
