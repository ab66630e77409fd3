/**
 * A stage for scripts that are tried: the tools that they would use are stand-ins which only write down how they were called, and what they send over
 * HTTP ends at a proxy of ours. iptables and ip6tables remember their rules, so that `-C` and a second `-D` answer as the real ones would.
 *
 * Stand-ins are found by PATH: a script that calls a tool by its full path would get the real one, so it is not run at all (see simulate.ts).
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

export const tools = [
  ...['iptables', 'ip6tables', 'iptables-restore', 'ip6tables-restore', 'nft', 'ipset', 'firewall-cmd', 'ufw', 'pfctl'],
  ...['ip', 'route', 'tc', 'conntrack', 'ss', 'passwd', 'usermod', 'chage', 'userdel', 'chpasswd', 'loginctl'],
  ...['kill', 'pkill', 'killall', 'systemctl', 'service', 'shutdown', 'reboot', 'halt', 'poweroff'],
  ...['curl', 'wget', 'ssh', 'scp', 'sendmail', 'mail', 'nc', 'rm', 'sudo'],
]

const standIn = `#!/bin/sh
name=\${0##*/}
{ printf '%s' "$name"; for word; do printf ' %s' "$word"; done; } | tr '\\n' ' ' >> "$OUTRIDER_STAGE/calls"
echo >> "$OUTRIDER_STAGE/calls"
case $name in iptables|ip6tables) ;; *) exit 0;; esac
action= rule=$name number=
for word; do
  case $word in
    -I|-A|-D|-C|--insert|--append|--delete|--check) action=$word;;
    -w|--wait) ;;
    *) rule="$rule $word";;
  esac
done
touch "$OUTRIDER_STAGE/rules"
number=$(grep -nxF -- "$rule" "$OUTRIDER_STAGE/rules" | head -1 | cut -d: -f1)
case $action in
  -I|-A|--insert|--append) printf '%s\\n' "$rule" >> "$OUTRIDER_STAGE/rules";;
  -C|--check) [ -n "$number" ] || exit 1;;
  -D|--delete)
    [ -n "$number" ] || { echo "$name: Bad rule (does a matching rule exist in that chain?)." >&2; exit 1; }
    sed -i "\${number}d" "$OUTRIDER_STAGE/rules";;
esac
exit 0
`

export interface Stage {
  env: Record<string, string>
  /** What was done since the last call, one text for each call of a tool or request. Questions (`-C`, `list`, GET) are left out. */
  acts(): string[]
  close(): Promise<void>
}

export async function openStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-stage-'))
  for (const tool of tools) {
    writeFileSync(join(folder, tool), standIn)
    chmodSync(join(folder, tool), 0o755)
  }
  const requests: string[] = []
  const proxy = createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') requests.push(`${request.method} ${request.url}`)
    request.resume()
    response.setHeader('content-type', 'application/json')
    response.end('{}')
  })
  // What goes through TLS is not seen, only where it goes to.
  proxy.on('connect', ({ url }, socket) => {
    requests.push(`request to https://${url}`)
    socket.on('error', () => {})
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  let read = 0
  return {
    env: {
      PATH: `${folder}${delimiter}${process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin'}`,
      OUTRIDER_STAGE: folder,
      ...Object.fromEntries(
        ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].map((name) => [name, url]),
      ),
      no_proxy: '',
      NO_PROXY: '',
    },
    acts() {
      const calls = readCalls(join(folder, 'calls'))
      const fresh = calls.slice(read).filter((call) => !isQuestion(call))
      read = calls.length
      return [...fresh, ...requests.splice(0)]
    },
    async close() {
      proxy.closeAllConnections()
      await new Promise((resolve) => proxy.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function readCalls(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1)
  } catch {
    return [] // no tool was called yet
  }
}

/** A call that changes nothing. */
function isQuestion(call: string): boolean {
  return (
    / (-C|--check|-L|-S|-n|--list|--list-rules|-V|--version|--help)( |$)/.test(call) ||
    /^(nft|ipset|firewall-cmd|ip|ss|systemctl|service) .*(list|show|status|--query|--state|--get)/.test(call) ||
    /^ss( |$)/.test(call)
  )
}
