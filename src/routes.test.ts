import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Alert } from './alert.ts'
import { compileRoute, type Verdict } from './routes.ts'

const place = { file: 'outrider.yaml', line: 7 }
type Filter = Partial<Parameters<typeof compileRoute>[0]['filter']>

function route(filter: Filter, more: { where?: string; except?: string } = {}) {
  const compiled = compileRoute({ name: 'soc', place, filter: { level: 0, ...filter }, ...more })
  assert.deepEqual(compiled.problems, [])
  return compiled.route!
}

const alert = (rule: Record<string, unknown>, rest: Record<string, unknown> = {}): Alert =>
  ({
    timestamp: '',
    id: '1.2',
    location: '/var/log/auth.log',
    ...rest,
    rule: { level: 5, id: '5710', groups: ['syslog', 'sshd'], description: '', ...rule },
  }) as Alert

function verdict(filter: Filter, given: Alert): Verdict {
  const compiled = route(filter)
  const answer = compiled.explain(given)
  assert.equal(compiled.matches(given), answer.sent)
  return answer
}
const sends = (filter: Filter, given: Alert) => verdict(filter, given).sent

test('without a filter every alert goes, and says so', () => {
  assert.deepEqual(verdict({}, alert({})), { sent: true, reason: 'no filter is set' })
})

test('an object without a rule is no alert', () => {
  for (const odd of [{}, [], 'text', null, { rule: null }, { rule: 'x' }])
    assert.equal(sends({}, odd as unknown as Alert), false)
})

test('level as integratord compares it', () => {
  assert.equal(sends({ level: 5 }, alert({ level: 5 })), true)
  assert.equal(sends({ level: 6 }, alert({ level: 5 })), false)
  assert.equal(sends({ level: 5 }, alert({ level: 4.9 })), false)
  assert.equal(sends({ level: 1 }, alert({ level: '12' })), false, 'a text counts as 0')
  assert.equal(sends({ level: 1 }, alert({ level: undefined })), false)
  assert.equal(sends({ level: 0 }, alert({ level: undefined })), true)
  assert.equal(verdict({ level: 7 }, alert({ level: 3 })).reason, 'level 3 is below 7')
})

test('group is a list that is not trimmed, compared as a whole and exactly', () => {
  assert.equal(sends({ group: 'sshd' }, alert({})), true)
  assert.equal(sends({ group: 'web,sshd,' }, alert({})), true)
  assert.equal(sends({ group: 'web, sshd' }, alert({})), false)
  assert.equal(sends({ group: 'ssh' }, alert({})), false)
  assert.equal(sends({ group: 'SSHD' }, alert({})), false)
  assert.equal(sends({ group: '' }, alert({})), false)
  assert.equal(sends({ group: '' }, alert({ groups: [''] })), true)
  assert.equal(sends({ group: 'a' }, alert({ groups: undefined })), false)
  assert.equal(sends({ group: '5' }, alert({ groups: [5] })), false, 'integratord crashes here')
  assert.match(verdict({ group: 'web, sshd' }, alert({})).reason, /blanks in the list count/)
})

test('rule_id: undefined is no filter, an empty list matches nothing', () => {
  assert.equal(sends({ rule_id: [5710, 5712] }, alert({})), true)
  assert.equal(sends({ rule_id: [5712] }, alert({})), false)
  assert.equal(sends({ rule_id: [] }, alert({})), false)
  assert.equal(sends({ rule_id: [5710] }, alert({ id: '5710abc' })), true, 'atoi')
  assert.equal(sends({ rule_id: [5710] }, alert({ id: 5710 })), true, 'integratord crashes here')
  assert.equal(sends({ rule_id: [5710] }, alert({ id: undefined })), false)
})

test('event_location is OS_Match on the location', () => {
  assert.equal(sends({ event_location: '^/VAR/|EventChannel' }, alert({})), true)
  assert.equal(sends({ event_location: '!auth.log$' }, alert({})), false)
  assert.equal(sends({ event_location: 'x' }, alert({}, { location: undefined })), false)
  assert.equal(sends({ event_location: '' }, alert({}, { location: undefined })), false)
})

test('the first condition that fails, in the order of integratord, is the reason', () => {
  const filter = { event_location: 'x', level: 9, group: 'g', rule_id: [1] }
  assert.match(verdict(filter, alert({})).reason, /event_location/)
  assert.match(verdict({ ...filter, event_location: 'auth' }, alert({})).reason, /level/)
  assert.match(verdict({ ...filter, event_location: 'auth', level: 1 }, alert({})).reason, /groups/)
  assert.match(verdict({ rule_id: [1] }, alert({})).reason, /rule 5710 is not in rule_id 1/)
  assert.match(verdict({ level: 3, group: 'sshd' }, alert({})).reason, /all hold: level >= 3, group "sshd"/)
})

test('where must hold and except must not', () => {
  const both = route({ level: 3 }, { where: 'data.srcip != "10.0.0.1"', except: 'rule.id == "5710"' })
  assert.deepEqual(both.explain(alert({})), { sent: false, reason: 'except holds: rule.id == "5710"' })
  assert.equal(both.matches(alert({ id: '1' })), true, 'no address at all is not 10.0.0.1')
  const from10 = alert({ id: '1' }, { data: { srcip: '10.0.0.1' } })
  assert.deepEqual(both.explain(from10), { sent: false, reason: 'where does not hold: data.srcip != "10.0.0.1"' })
})

test('where that cannot be worked out does not send, except that cannot be worked out does', () => {
  const port = 'int(data.dstport) < 1024'
  const answer = route({}, { where: port }).explain(alert({}))
  assert.equal(answer.sent, false)
  assert.equal(answer.failed, true)
  assert.match(answer.reason, /where cannot be worked out/)
  assert.equal(route({}, { except: port }).matches(alert({})), true)
})

test('a broken expression names its place and gives no route at all', () => {
  const { route: none, problems } = compileRoute({ name: 'soc', place, filter: { level: 0 }, where: 'rule.id == 5710' })
  assert.equal(none, undefined)
  assert.deepEqual(problems, [
    {
      severity: 'error',
      file: 'outrider.yaml',
      line: 7,
      message:
        'destinations.soc.where: "rule.id" is text and is compared with the number 5710, which never holds (column 12)',
      hint: 'write "5710" in quotes',
    },
  ])
})
