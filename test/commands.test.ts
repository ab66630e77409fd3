test('doctor names what is wrong with a ruleset and what a real Wazuh would do', async (t) => {
  const home = makeHome(t, {
    'bad/rules/a.xml':
      '<group name="local,">\n  <rule id="100301" level="8">\n    <field name="user">root</field>\n    <description>x</description>\n  </rule>\n</group>\n',
  })
  const bad = await runOutrider(home, ['doctor', 'rules', join(home, 'bad')])
  assert.equal(bad.code, 1)
  assert.match(bad.stdout, /a\.xml:3 error: rule 100301: <field name="user"> is not possible/)
  assert.match(bad.stdout, /a real Wazuh would not start\n$/)
  const good = await runOutrider(home, ['doctor', 'rules'])
  assert.equal(good.code, 0, good.stdout)
})
