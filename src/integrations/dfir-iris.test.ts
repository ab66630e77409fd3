import assert from 'node:assert/strict'
import { test } from 'node:test'
import iris from './dfir-iris.ts'
import { alert, jsonOf, outcome, request } from './testing.ts'

test('creates an alert with what IRIS requires', () => {
  const { url, headers } = request(iris)
  const json = jsonOf(iris)
  assert.equal(url, 'https://iris.example/alerts/add')
  assert.equal(headers!.authorization, 'Bearer iris-api-key')
  assert.equal(json.alert_title, 'Level 5: sshd: authentication failed. (web-01)')
  assert.match(json.alert_description, /^Agent: web-01[\s\S]*Failed password/)
  assert.equal(json.alert_source, 'Wazuh')
  assert.equal(json.alert_source_ref, '1705314645.98')
  assert.equal(json.alert_source_event_time, '2024-01-15T10:30:45')
  assert.equal(json.alert_severity_id, 4)
  assert.equal(json.alert_status_id, 2)
  assert.equal(json.alert_customer_id, 1)
  assert.equal(json.alert_tags, 'wazuh,syslog,sshd')
  assert.deepEqual(json.alert_source_content, alert())
  assert.equal('alert_assets' in json || 'alert_iocs' in json, false)
})

test('severities are those of the installation', () => {
  const ids = (options = {}) =>
    [3, 5, 8, 11, 15].map((level) => jsonOf(iris, alert({ rule: { level } }), options).alert_severity_id)
  assert.deepEqual(ids(), [3, 4, 1, 5, 6])
  assert.deepEqual(ids({ severity_ids: [1, 2, 3, 4, 5] }), [1, 2, 3, 4, 5])
})

test('one manager can serve several customers', () => {
  const of = (customer: string) =>
    jsonOf(iris, alert({ agent: { id: '1', labels: { customer } } }), { customers: { acme: 7 }, customer_id: 2 })
      .alert_customer_id
  assert.deepEqual([of('acme'), of('other'), of('__proto__')], [7, 2, 2])
})

test('adds the agent and the address where their types are known', () => {
  const json = jsonOf(iris, alert(), { asset_type_id: 3, ioc_type_id: 76 })
  assert.deepEqual(json.alert_assets, [
    { asset_name: 'web-01', asset_ip: '10.0.0.7', asset_type_id: 3, asset_tags: 'wazuh' },
  ])
  assert.equal(json.alert_iocs[0].ioc_value, '203.0.113.9')
})

test('a group cannot make two tags of itself', () => {
  assert.equal(jsonOf(iris, alert({ rule: { groups: ['a,b', 'c'] } })).alert_tags, 'wazuh,a b,c')
})

test('only the success of IRIS counts', () => {
  assert.deepEqual(outcome(iris, 200, '{"status":"success","data":{"alert_id":42}}'), { kind: 'delivered', ref: '42' })
  assert.equal(outcome(iris, 200, '{"status":"error","message":"no"}')?.kind, 'rejected')
  assert.equal(outcome(iris, 200, '<html>login')?.kind, 'paused')
  assert.equal(outcome(iris, 400, '{"status":"error"}'), undefined)
})

test('what is wrong with the options waits for a person', () => {
  for (const answer of [
    { message: 'User not entitled to create alerts for the client', data: [] },
    { message: 'Data error', data: { alert_severity_id: ['Invalid severity'] } },
    { message: 'insert or update on table "alerts" violates foreign key constraint "alerts_alert_customer_id_fkey"' },
  ])
    assert.equal(outcome(iris, 400, JSON.stringify({ status: 'error', ...answer }))?.kind, 'paused')
  const own = { status: 'error', message: 'Data error', data: { alert_title: ['alert_severity_id'] } }
  assert.equal(outcome(iris, 400, JSON.stringify(own)), undefined)
})

test('an answer that is longer than what is read of it is still one of IRIS', () => {
  const answer = JSON.stringify({ data: { alert_source_content: 'ы'.repeat(40_000), alert_id: 7 }, status: 'success' })
  const read = Buffer.from(answer).toString('utf8', 0, 65_536)
  assert.deepEqual(outcome(iris, 200, read), { kind: 'delivered' })
  assert.equal(outcome(iris, 200, `<html>${read}`)?.kind, 'paused')
})

test('what is no address is no IOC, and a name without text no asset', () => {
  const ids = { asset_type_id: 9, ioc_type_id: 76 }
  const json = jsonOf(iris, alert({ data: { srcip: 'host.example' }, agent: { id: '1', name: '\u0001' } }), ids)
  assert.equal('alert_assets' in json || 'alert_iocs' in json, false)
  assert.equal(jsonOf(iris, alert({ data: { srcip: '2001:db8::1' } }), ids).alert_iocs[0].ioc_value, '2001:db8::1')
})
