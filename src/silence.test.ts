import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Alert } from './alert.ts'
import { ExpressionError } from './expression.ts'
import { compileSilence, describeMatch, SilenceError, type SilenceMatch } from './silence.ts'

const alert = {
  rule: { id: '5710', level: 5, description: 'x' },
  agent: { id: '001', name: 'web-01' },
  data: { srcip: '203.0.113.9' },
} as unknown as Alert

test('all that is given must fit, and one of each list', () => {
  const cases: [SilenceMatch, boolean][] = [
    [{ rules: ['5710', '5712'] }, true],
    [{ rules: ['571'] }, false],
    [{ agents: ['web-01'] }, true],
    [{ agents: ['001'] }, true],
    [{ agents: ['web'] }, false],
    [{ sources: ['203.0.113.0/24'] }, true],
    [{ sources: ['203.0.113.9'] }, true],
    [{ sources: ['2001:db8::/32', '10.0.0.0/8'] }, false],
    [{ where: 'rule.level < 7' }, true],
    [{ where: 'rule.level < 7', rules: ['1'] }, false],
    [{ destinations: ['slack'] }, true],
    [{ destinations: ['jira'], rules: ['5710'] }, false],
    [{ where: 'true' }, true],
    [{ where: 'int(data.port) > 1' }, false],
  ]
  for (const [match, fits] of cases)
    assert.equal(compileSilence(match).matches(alert, 'slack'), fits, JSON.stringify(match))
})

test('alerts without the parts that are asked for do not fit', () => {
  const bare = { rule: {} } as unknown as Alert
  const stranger = { ...alert, agent: { id: '099', name: '001' } } as Alert
  assert.equal(compileSilence({ agents: ['001'] }).matches(stranger, 'slack'), false)
  for (const match of [{ rules: ['5710'] }, { agents: ['web-01', ''] }, { sources: ['0.0.0.0/0', '::/0'] }])
    assert.equal(compileSilence(match).matches(bare, 'slack'), false, JSON.stringify(match))
  const odd = { rule: { id: '1' }, data: { srcip: 'not-an-address' } } as unknown as Alert
  assert.equal(compileSilence({ sources: ['0.0.0.0/0'] }).matches(odd, 'slack'), false)
})

test('what cannot be a silence is refused with the place and the mend', () => {
  for (const [match, message] of [
    [{}, /does not say what/],
    [{ rules: ['ssh'] }, /rule: "ssh"/],
    [{ sources: ['10.0.0.0/99'] }, /source: "10\.0\.0\.0\/99"/],
    [{ sources: ['web-01'] }, /source: "web-01"/],
  ] as const)
    assert.throws(
      () => compileSilence(match as SilenceMatch),
      (error: Error) => error instanceof SilenceError && message.test(error.message) && error.hint !== '',
    )
  assert.throws(
    () => compileSilence({ where: 'rule.id == 5710' }),
    (error: Error) => error instanceof ExpressionError && error.column === 12,
  )
})

test('is told in words', () => {
  assert.equal(
    describeMatch({ rules: ['5710', '5712'], sources: ['10.0.0.0/8'], where: 'rule.level < 7' }),
    'rule 5710 or 5712, source 10.0.0.0/8, rule.level < 7',
  )
})
