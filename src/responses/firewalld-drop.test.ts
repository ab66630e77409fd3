import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Command, Response } from '../define.ts'
import firewalldDrop from './firewalld-drop.ts'
import { actorOf, keepsItsPromises, standIns } from './test-kit.ts'

/** firewall-cmd, with the rich rules in a file beside it; what is there, or not, is a warning and no error. */
const firewallCmd = `#!/bin/sh
rules="\${0%/*}/rules"
for word; do
  case $word in
    --add-rich-rule=*) rule=\${word#*=}; grep -qxF "$rule" "$rules" && echo "Warning: ALREADY_ENABLED" >&2 || echo "$rule" >> "$rules";;
    --remove-rich-rule=*) rule=\${word#*=}; grep -vxF "$rule" "$rules" > "$rules.new"; mv "$rules.new" "$rules";;
    --list-rich-rules) cat "$rules";;
    --zone=public|--timeout=[0-9]*) ;;
    *) echo "unrecognized: $word" >&2; exit 2;;
  esac
done
exit 0
`

test('keeps its promises, and leaves the administrator’s rules alone', async (t) => {
  const folder = standIns(t, { 'firewall-cmd': firewallCmd })
  const file = join(folder, 'rules')
  const own = 'rule family="ipv4" source address="192.0.2.9" drop'
  writeFileSync(file, `${own}\n`)
  const addresses = () => [...readFileSync(file, 'utf8').matchAll(/address="([^"]+)"/g)].map(([, address]) => address!)
  for (const options of [{}, { zone: 'public' }])
    await keepsItsPromises(
      actorOf(firewalldDrop, options),
      ['203.0.113.5', '2001:db8::5', '198.51.100.0/24'],
      addresses,
    )
  assert.equal(readFileSync(file, 'utf8'), `${own}\n`)
})

test('tells firewalld when to end it, and takes the old rule away first', () => {
  const definition = firewalldDrop as unknown as Response
  const commands = definition.add('2001:db8::5', 600, { zone: 'public' }) as Command[]
  const rule = 'rule priority="-7411" family="ipv6" source address="2001:db8::5" drop'
  assert.deepEqual(
    commands.map(({ argv }) => argv),
    [
      ['firewall-cmd', '--zone=public', `--remove-rich-rule=${rule}`],
      ['firewall-cmd', '--zone=public', `--add-rich-rule=${rule}`, '--timeout=600'],
    ],
  )
  assert.equal((definition.add('203.0.113.5', 0, {}) as Command[])[1]!.argv.length, 2, 'for ever has no timeout')
})
