import assert from 'node:assert/strict'
import { test } from 'node:test'
import { didYouMean, nearest } from './nearest.ts'

const options = ['level', 'rule_id', 'hook_url', 'group', 'event_location', 'to']

test('finds what was meant', () => {
  for (const [word, expected] of [
    ['levle', 'level'],
    ['lvl', undefined],
    ['rule-id', 'rule_id'],
    ['ruleid', 'rule_id'],
    ['rules_id', 'rule_id'],
    ['hookurl', 'hook_url'],
    ['HOOK_URL', 'hook_url'],
    ['eventlocation', 'event_location'],
    ['grp', undefined],
    ['groups', 'group'],
    ['timeout', undefined],
    ['ot', 'to'],
    ['level', undefined],
    ['', undefined],
  ] as const) {
    assert.equal(nearest(word, options), expected, word)
  }
})

test('prefers the nearer one', () => {
  assert.equal(nearest('100310', ['100300', '100313', '100311']), '100300')
  assert.equal(nearest('slakc', ['slacker', 'slack']), 'slack')
})

test('asks as a question, or not at all', () => {
  assert.equal(didYouMean('levle', options), 'did you mean "level"?')
  assert.equal(didYouMean('xyz', options), undefined)
})
