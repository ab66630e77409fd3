/**
 * What a script in `integrations/` is started with, by Wazuh's integratord and by the one of dcid's OSSEC. spec/integratord.md sections 7 and 9.
 *
 * ```
 * Wazuh   integrations/custom-x  ALERT_FILE  API_KEY  HOOK_URL  ''|debug  ''|OPTIONS_FILE  TIMEOUT  RETRIES  ['> /dev/null 2>&1']
 * OSSEC   /var/ossec/integrations/custom-x  ALERT_FILE  API_KEY  HOOK_URL
 * ```
 */
export interface ScriptArguments {
  dialect: 'wazuh' | 'ossec'
  alert_file: string
  /** Empty ones are undefined. */
  api_key?: string
  hook_url?: string
  debug: boolean
  options_file?: string
  /** Seconds for all of the run. */
  timeout: number
  /** Tries after the first. */
  retries: number
}

/**
 * integratord joins the arguments with spaces and splits them again, so a key with a space in it arrives in pieces and shifts all that follow. What it
 * ends with is known, so they are joined once more and taken apart from the right.
 */
const wazuh = /^(\S+) (.*) (debug)? (\S+\.options)? (\d+) (\d+)(?: > \/dev\/null 2>&1)?$/s

/** @returns undefined when there is no alert file among them */
export function parseArguments(args: readonly string[]): ScriptArguments | undefined {
  const [alert_file = ''] = args
  if (alert_file === '') return undefined
  const parts = wazuh.exec(args.join(' '))
  if (!parts) {
    const [, api_key, hook_url] = args
    return {
      dialect: 'ossec',
      alert_file,
      api_key: api_key || undefined,
      hook_url: hook_url || undefined,
      debug: false,
      timeout: 10,
      retries: 3,
    }
  }
  const [, file = '', credentials = '', debug, options_file, timeout, retries] = parts
  const at = credentials.search(/ (?:https?:\/\/|$)/i)
  const [api_key, hook_url] =
    at >= 0 ? [credentials.slice(0, at), credentials.slice(at + 1)] : halves(credentials, credentials.indexOf(' '))
  return {
    dialect: 'wazuh',
    alert_file: file,
    api_key: api_key || undefined,
    hook_url: hook_url || undefined,
    debug: debug !== undefined,
    options_file,
    timeout: Number(timeout) || 10,
    retries: Number(retries),
  }
}

const halves = (text: string, at: number) => [text.slice(0, at), text.slice(at + 1)] as const
