import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findTraps } from './traps.ts'

const trapsOf = (tags: string, { attributes = 'level="5"', group = 'local,', path = 'local_rules.xml' } = {}) =>
  findTraps({ path, text: `<group name="${group}">\n<rule id="100001" ${attributes}>\n${tags}\n</rule></group>` }).map(
    ({ line, message, hint }) => `${line} ${message.replace('rule 100001: ', '')} | ${hint}`,
  )

test('a pattern that a part of the value satisfies', () => {
  assert.deepEqual(trapsOf('<field name="severity">critical|high</field>'), [
    '3 <field name="severity">: "critical|high" is looked for anywhere in the value, so "xcritical|highy" matches, too | write "^critical$|^high$", or type="osregex" when a part is meant',
  ])
  assert.match(trapsOf('<user>root</user>')[0]!, /write "\^root\$", or type="osmatch"/)
  const fine = [
    '<field name="a">^critical$</field>',
    '<field name="a" type="osregex">critical</field>',
    '<field name="a">failed to \\w+</field>',
    '<match>root</match>',
  ]
  for (const tag of fine) assert.deepEqual(trapsOf(tag), [], tag)
})

test('what is taken from other languages', () => {
  assert.match(trapsOf('<regex>a.*b</regex>')[0]!, /3 <regex>: "\.\*" is a dot and a "\*" here \| write \\\.\*, or/)
  assert.match(trapsOf('<match>a.*b</match>')[0]!, /write type="pcre2"$/)
  assert.deepEqual(trapsOf('<regex type="pcre2">a.*b</regex>'), [])
  assert.deepEqual(trapsOf('<regex>a\\.*b</regex>'), [])
  assert.match(trapsOf('<match>a &lt; b</match>')[0]!, /"&lt;" stays as it is written \| write \\<$/)
})

test('what does nothing, or the opposite', () => {
  assert.match(trapsOf('<srcip>!10.0.0.1</srcip>')[0]!, /write <srcip negate="yes">10\.0\.0\.1<\/srcip>/)
  assert.match(trapsOf('<ignore>srcip</ignore>')[0]!, /suppresses nothing/)
  assert.match(trapsOf('<description>by $(user)</description>')[0]!, /write \$\(dstuser\) or/)
  assert.match(
    trapsOf('<list field="a" lookup="address_match_key_value" check_value="x">l</list>')[0]!,
    /does not match/,
  )
  assert.match(trapsOf('<mitre><id>T9999</id></mitre>')[0]!, /no technique "T9999"/)
  assert.deepEqual(trapsOf('<mitre><id>T1110.001</id></mitre>'), [])
  const list = '<list field="a">l</list>'
  assert.match(trapsOf(list + list + list)[0]!, /of 3 <list> only the last two/)
  assert.deepEqual(trapsOf(list + list), [])
})

test('attributes that mean something else', () => {
  assert.match(
    trapsOf('<if_matched_sid>1</if_matched_sid>', { attributes: 'level="0" frequency="3"' })[0]!,
    /2 a rule that counts and has level 0 never matches/,
  )
  assert.match(trapsOf('', { attributes: 'level="3" timeframe="100000"' })[0]!, /first five digits count: 10000 s/)
})

test('texts that are glued', () => {
  assert.match(trapsOf('<group>web</group>', { group: 'local' })[0]!, /"local" and "web" become one, "localweb"/)
  assert.deepEqual(trapsOf('<group>web,</group><group>x,</group>'), [])
  assert.match(trapsOf('<match>one</match><match>two</match>')[0]!, /two <match> are one pattern, "onetwo"/)
  assert.deepEqual(trapsOf('<match>one|</match>\n<match>two</match>'), [])
})

test('rules of Wazuh are left alone', () => {
  const tag = '<user>root</user>'
  assert.deepEqual(trapsOf(tag, { path: 'ruleset/rules/0330-sysmon_rules.xml' }), [])
  const text = `<group name="g,"><rule id="5700" level="0">${tag}</rule></group>`
  assert.deepEqual(findTraps({ path: 'a.xml', text }), [])
  assert.deepEqual(findTraps({ path: 'a.xml', text: '<group name="g,"><rule id="100001"' }), [])
})
