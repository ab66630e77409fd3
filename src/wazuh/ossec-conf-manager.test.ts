import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lines, read } from '../settings-testing.ts'
import { managersIn } from './ossec-conf-manager.ts'

test('the managers of an agent, of OSSEC and of a cluster', () => {
  const wazuh = `<ossec_config><client>
  <server><address> 192.0.2.10 </address><port>1514</port></server><server><address>wazuh.example.com</address></server></client></ossec_config>
<ossec_config><cluster><nodes><node>192.0.2.11</node><node>NODE_IP</node></nodes></cluster></ossec_config>`
  const ossec = `<ossec_config><client><server-ip>192.0.2.12</server-ip><server-hostname>ossec.example.com</server-hostname></client></ossec_config>`
  const all = ['192.0.2.10', 'wazuh.example.com', '192.0.2.11', '192.0.2.12', 'ossec.example.com']
  assert.deepEqual(managersIn([wazuh, ossec, wazuh]), all)
  const shipped = '<ossec_config><client><server><address>MANAGER_IP</address></server></client></ossec_config>'
  assert.deepEqual(managersIn([shipped, '<ossec_config><client>', '']), [])
})

test('every ossec.conf that there may be is asked: our own, that of an agent here, that of the Wazuh beside', async () => {
  const conf = (address: string) =>
    `<ossec_config><client><server><address>${address}</address></server></client></ossec_config>`
  const files = {
    '/o/etc/ossec.conf': conf('192.0.2.1'),
    '/var/ossec/etc/ossec.conf': conf('192.0.2.2'),
    '/w/etc/ossec.conf': conf('192.0.2.3'),
  }
  const yaml = 'engine: beside\nalerts: /w/logs/alerts/alerts.json\nresponses: { managers: [192.0.2.4, 192.0.2.2] }\n'
  const config = await read(yaml, files)
  assert.deepEqual(lines(config), [])
  assert.deepEqual(config.responses.managers, ['192.0.2.4', '192.0.2.2', '192.0.2.1', '192.0.2.3'])
  assert.equal((await read('')).responses.managers, undefined)
})
