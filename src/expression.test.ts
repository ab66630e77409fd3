import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Alert } from './alert.ts'
import { compileExpression, ExpressionError } from './expression.ts'

// Monday night by the manager's clock, Tuesday morning in Tokyo.
const alert: Alert = {
  timestamp: '2024-01-15T23:30:45.123+0000',
  id: '1705361445.98',
  rule: {
    level: 12,
    id: '5710',
    description: 'x',
    groups: ['sshd', 'invalid_login'],
    mitre: { id: ['T1110.001'], tactic: [], technique: [] },
  },
  agent: { id: '001', name: 'web', labels: { customer: 'acme' } },
  data: {
    srcip: '10.1.2.3',
    mapped: '::ffff:10.1.2.3',
    six: 'fd00::7',
    dstport: '22',
    'event-id': '7',
    win: { eventdata: { user: 'bob' } },
  },
  custom: { deep: 'yes' },
}

const holds = (source: string) => compileExpression(source).test(alert)

test('reads every kind of field', () => {
  for (const source of [
    'rule.level >= 12',
    'rule.level in [11, 12]',
    'rule.id in ["5710", "5712"]',
    '"sshd" in rule.groups',
    'agent.labels.customer == "acme"',
    'data.win.eventdata.user.startsWith("b")',
    'data["event-id"] == "7"',
    'alert["custom"].deep == "yes"',
    'int(data.dstport) < 1024',
    'rule.groups.exists(g, g.matches("^invalid_"))',
    'rule.mitre.id.exists(t, t.startsWith("T1110"))',
    'rule.groups.all(g, g != "web") && !(rule.level < 5 || data.srcip == "x")',
  ])
    assert.equal(holds(source), true, source)
})

test('takes a missing field for null, so that "is not" holds for alerts without it', () => {
  for (const source of [
    'data.user != "root"',
    '!(data.user in ["root", "admin"])',
    '!has(data.user)',
    'has(data.srcip) && has(data["event-id"])',
    '!has(agent.tags) && has(agent.labels) && agent.labels.customer == "acme"',
    '!has(agent.tags) || agent.tags.owner == "x"',
    'data.user == null',
    'data.no.such.path != "x"',
    'data.srcip.deeper == null',
    '!data.url.contains("admin") && !data.url.matches("a+") && !data.url.startsWith("/") && !data.url.endsWith("/")',
    '!rule.cve.exists(c, c == "CVE-2024-1")',
    '!("x" in data.tags)',
    'size(data.tags) == 0',
    '!(data.count > "5") && !(agent.count < 5)',
    '!in_network(data.user, "10.0.0.0/8")',
    '!between(data.when, "00:00", "24:00")',
    'weekday(data.when) == null',
    '!("has(data.user)" == "")',
  ])
    assert.equal(holds(source), true, source)
  assert.equal(holds('has(data.user) && data.user != "root"'), false)
})

test('does not hold and says why when it cannot be worked out', () => {
  assert.match(String(holds('int(data.srcip) > 5')), /cannot convert to int/)
  assert.match(String(holds('int(data.user) > 5')), /int\(null\)/)
  assert.match(String(holds('rule.level')), /gives 12/)
  assert.equal(holds('rule.level > 3 || int(data.user) > 5'), true)
})

test('knows networks', () => {
  for (const source of [
    'in_network(data.srcip, "10.0.0.0/8")',
    'in_network(data.srcip, ["192.168.0.0/16", "10.1.2.3"])',
    'in_network(data.mapped, "10.0.0.0/8")',
    'in_network(data.six, "fd00::/8")',
    'is_private(data.six) && is_private(data.srcip)',
    '!in_network(data.srcip, "10.2.0.0/16") && !is_private("8.8.8.8") && !is_private("no address")',
  ])
    assert.equal(holds(source), true, source)
})

test('knows the time of day and the day of the week, by the clock of the manager or of a zone', () => {
  for (const source of [
    'between(timestamp, "22:00", "06:00")',
    '!between(timestamp, "08:00", "18:00")',
    'between(timestamp, "08:00", "09:00", "Asia/Tokyo")',
    'weekday(timestamp) == "mon"',
    'weekday(timestamp, "Asia/Tokyo") in ["tue"]',
  ])
    assert.equal(holds(source), true, source)
})

test('says what is wrong with an expression, where, and how to mend it', () => {
  const cases: [source: string, column: number, message: RegExp, hint: RegExp][] = [
    ['rule.level >=', 14, /unexpected token/, /comparisons/],
    ['rule.level > 3 && srcuserr == "x"', 19, /unknown field "srcuserr"/, /data\.srcuserr/],
    ['has(data.a) && has(data["b"]) && srcuserr == "x"', 34, /unknown field "srcuserr"/, /data\.srcuserr/],
    ['rule.id == 5710', 12, /"rule.id" is text/, /"5710" in quotes/],
    ['rule.id in ["1", 5710]', 18, /is text/, /in quotes/],
    ['data.dstport < 1024', 16, /is text/, /int\(data\.dstport\)/],
    ['alert.data.dstport == 22', 23, /is text/, /in quotes/],
    ['rule.level + 1', 1, /not true or false/, /compare/],
    ['in_network(data.srcip, "10.0.0.0/33")', 24, /no address or network/, /10\.0\.0\.0\/8/],
    ['in_network(data.srcip, ["10.0.0.1", "host"])', 37, /"host"/, /192/],
    ['between(timestamp, "22:00", "26:00")', 29, /no time of day/, /22:00/],
    ['weekday(timestamp, "Mars") == "mon"', 20, /no time zone/, /Europe/],
    ['data.url.matches("[")', 18, /regular expression/i, /JavaScript/],
    ['"srcip" in data && data.srcip != "x"', 19, /as a whole/, /has\(/],
    ['nosuch(data.x)', 1, /nosuch/, /in_network/],
  ]
  for (const [source, column, message, hint] of cases)
    assert.throws(
      () => compileExpression(source),
      (error) => {
        assert.ok(error instanceof ExpressionError)
        assert.match(error.message, message)
        assert.match(error.hint ?? '', hint)
        if (!source.includes(' in data')) assert.equal(error.column, column, source)
        return true
      },
    )
})

test('an expression cannot reach the prototype of anything', () => {
  for (const source of [
    'data.constructor.name == "Object"',
    'has(data.toString)',
    'has(alert["__proto__"].constructor)',
  ])
    assert.notEqual(holds(source), true, source)
})

test('a log cannot make a regular expression go on for ever', () => {
  const full_log = `${'a'.repeat(64)}!`
  for (const regex of ['^(a+)+$', '(a|a)*b', '^(\\\\w+\\\\s?)*$'])
    assert.equal(compileExpression(`full_log.matches("${regex}")`).test({ full_log } as Alert), false, regex)
})
