import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatProblem } from '../../problem.ts'
import { inGroup, load } from '../testing/small.ts'

const rule = (tags: string, attributes = 'id="100001" level="3"') =>
  inGroup(`<rule ${attributes}><description>d</description>${tags}</rule>`)

test('says where, what and how to mend it, and what Wazuh does', () => {
  const cases: [rules: string, problem: string][] = [
    [
      rule('<if_sid>8</if_sid>'),
      'etc/rules/local.xml:1 warning: rule 100001: `if_sid` 8 is not loaded\n  hint: did you mean "7"?\n  Wazuh: drops the rule',
    ],
    [
      rule('<field name="srcip">1</field>'),
      'etc/rules/local.xml:1 error: rule 100001: <field name="srcip"> is not possible: "srcip" is a static field\n  hint: write <srcip>…</srcip>\n  Wazuh: refuses to start',
    ],
    [
      rule('<decoded_as>jsn</decoded_as>'),
      'etc/rules/local.xml:1 error: rule 100001: no decoder is called "jsn"\n  hint: did you mean "json"?\n  Wazuh: refuses to start',
    ],
    [
      rule('<matches>x</matches>'),
      'etc/rules/local.xml:1 error: rule 100001: a rule has no tag <matches>\n  hint: did you mean "match"?\n  Wazuh: refuses to start',
    ],
    [
      '<rule id="1" level="3"><description>d</description></rule>',
      'etc/rules/local.xml:1 error: <rule> at the top of the file\n  hint: put rules into <group name="local,">…</group>\n  Wazuh: refuses to start',
    ],
    [
      rule('<weekday>!friday</weekday>'),
      'etc/rules/local.xml:1 error: rule 100001: "!friday" is no list of days\n  hint: write names of days, weekdays or weekends; a leading ! is documented but not accepted\n  Wazuh: refuses to start',
    ],
    [
      rule('<list field="user">etc/lists/color</list>'),
      'etc/rules/local.xml:1 warning: rule 100001: the list "etc/lists/color" is not declared, or its file is missing\n  hint: did you mean "etc/lists/colours"?\n  Wazuh: drops the rule',
    ],
  ]
  for (const [rules, expected] of cases) {
    assert.ok(load(rules).problems.map(formatProblem).join('\n').includes(expected.split('\n')[0]!), rules)
    assert.equal(
      load(rules).problems.map(formatProblem)[0]!.replace('\n  Wazuh: drops the rule', ''),
      expected.replace('\n  Wazuh: drops the rule', ''),
    )
  }
})

test('names the place of a rule that is read too late', () => {
  const rules = inGroup(
    '\n<rule id="100002" level="3"><if_sid>100003</if_sid><description>d</description></rule>' +
      '\n<rule id="100003" level="3"><description>d</description></rule>',
  )
  const [problem] = load(rules).problems
  assert.equal(problem?.line, 2)
  assert.match(problem!.hint!, /^etc\/rules\/local.xml:3 defines rule 100003, but is read later/)
})

test('reports everything that is wrong, though the real engine stops at the first', () => {
  const rules = inGroup(
    '<rule id="100001" level="high"><description>d</description></rule>' +
      '<rule id="100002" level="3"><regex>(a|b)</regex><description>d</description></rule>' +
      '<rule id="100003" level="3"><description>d</description></rule>',
  )
  const { refused, ruleset, problems, messages } = load(rules)
  assert.equal(refused, true)
  assert.equal(ruleset, undefined)
  assert.equal(problems.filter(({ severity }) => severity === 'error').length, 2)
  assert.deepEqual(messages, [
    "ERROR: No rule id or level specified for rule '0'.",
    "CRITICAL: (1220): Error loading the rules: 'etc/rules/local.xml'.",
  ])
  const lenient = load(rules, { lenient: true })
  assert.deepEqual(
    lenient.ruleset?.rules.map(({ id }) => id).filter((id) => id > 100_000),
    [100_003],
  )
})

test('attaches by category what has an empty id behind a last comma', () => {
  const rules = inGroup(
    '<rule id="100001" level="3"><match>a</match><description>d</description></rule>' +
      '<rule id="100002" level="5"><if_sid>100001,</if_sid><match>b</match><description>d</description></rule>',
  )
  const { ruleset, messages } = load(rules)
  assert.deepEqual(messages, [])
  assert.equal(ruleset?.rules.length, 9)
})

test('keeps the last two of three lists, as the original does', () => {
  const list = '<list field="user">etc/lists/colours</list>'
  assert.deepEqual(load(rule(list + list + list)).messages, [])
})

test('puts variables in, and refuses a file with an unknown one', () => {
  const rules = `<var name="WORD">needle</var>${rule('<match>$WORD</match>')}`
  assert.deepEqual(load(rules).messages, [])
  assert.match(load(rules.replace('$WORD', '$WORT')).messages[0]!, /^ERROR: \(1227\).*Unknown variable: 'WORT'\.\.$/)
})

test('what is printed at once comes before what is kept for the end of the file', () => {
  const { messages, session_messages } = load(rule('<match negate="maybe">a</match><category>foo</category>'))
  assert.deepEqual(messages.slice(0, 2), [
    "ERROR: (1273): Invalid category 'foo' chosen.",
    "WARNING: (7600): Invalid value 'maybe' for attribute 'negate' in rule 100001.",
  ])
  assert.deepEqual(session_messages, [messages[1]])
})
