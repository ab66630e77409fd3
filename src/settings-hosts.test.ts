import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, lines, read, script } from './settings-testing.ts'

test('hosts: where ssh goes to, and who it is as an agent', async () => {
  const yaml = `hosts:
  web-1: { ssh: outrider@192.0.2.10 }
  db: { ssh: "root@[2001:db8::5]", agent: "007", port: 2222, identity: etc/key, known_hosts: /k, home: /opt/ossec, sudo: true }
`
  const config = await read(yaml, { '/o/etc/key': '', '/k': '' })
  assert.deepEqual(lines(config), [])
  const at = (line: number) => ({ place: { file: 'outrider.yaml', line } })
  assert.deepEqual(config.hosts, [
    { ...at(2), name: 'web-1', agent: 'web-1', ssh: 'outrider@192.0.2.10', home: '/var/ossec', sudo: false },
    {
      ...at(3),
      ...{ name: 'db', agent: '007', ssh: 'root@2001:db8::5', port: 2222 },
      ...{ identity: '/o/etc/key', known_hosts: '/k', home: '/opt/ossec', sudo: true },
    },
  ])
})

test('hosts: what is wrong loses that host only', () =>
  check(`
## an option of ssh is no destination
hosts:
  a: { ssh: "-oProxyCommand=x" }
====
outrider.yaml:2 error: hosts.a.ssh: not a destination such as outrider@192.0.2.10 (got "-oProxyCommand=x")

## two that are one agent
hosts:
  a: { ssh: h1 }
  b: { ssh: h2, agent: a }
====
outrider.yaml:3 error: hosts.b.agent: "a" is the agent of "a" too -> give each its own agent

## a key that is not there
hosts:
  a: { ssh: h1, identity: etc/key }
====
outrider.yaml:2 error: hosts.a.identity: /o/etc/key is not there -> paths are meant from the home folder

## no map
hosts: [h1]
====
outrider.yaml:1 error: hosts: not a group of entries -> write a name for each, and its options below the name
`))

test('with hosts, a script of a response must be here only where it must run here', async () => {
  const conf = (location: string) => `<ossec_config>
<command><name>b</name><executable>block.sh</executable></command>
<active-response><command>b</command><location>${location}</location><level>3</level></active-response></ossec_config>`
  const problems = async (location: string, yaml: string, files = {}) =>
    lines(await read(yaml, { '/o/etc/ossec.conf': conf(location), ...files })).length
  const hosts = 'hosts: { a: { ssh: h1 } }\n'
  assert.equal(await problems('all', hosts), 0)
  assert.equal(await problems('server', hosts), 1)
  assert.equal(await problems('local', 'listen: { port: 0 }\n'), 1)
  assert.equal(await problems('server', hosts, { '/o/active-response/bin/block.sh': script }), 0)
})
