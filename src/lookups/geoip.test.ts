import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createSession } from '../engine/index.ts'
import { loadRuleset } from '../engine/load.ts'
import { parseIni } from '../rule-tests/ini.ts'
import { runCases } from '../rule-tests/run.ts'
import { loadRulesetFor } from '../runners/ruleset.ts'
import { geoLookup } from './geoip.ts'
import { makeMmdb } from './mmdb-testing.ts'

function database(t: TestContext, networks: Record<string, unknown>, version?: 4 | 6): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-geoip-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'test.mmdb')
  writeFileSync(file, makeMmdb(networks, version))
  return file
}

const place = (iso_code: string, region?: string) => ({
  country: { iso_code, names: { en: 'x' } },
  ...(region && { subdivisions: [{ iso_code: 'X', names: { en: region } }, { names: { en: 'smaller' } }] }),
})

test('gives country and region as Wazuh writes them', (t) => {
  const find = geoLookup(
    database(t, {
      '8.8.8.0/24': place('US', 'California'),
      '45.0.0.0/8': place('CA'),
      '2001:4860::/32': place('DE', 'Baden-Württemberg'),
      '80.0.0.0/8': { registered_country: { iso_code: 'FR' } },
      '81.0.0.0/8': { country_code: 'GB', country: 'United Kingdom', region: 'England' },
      '82.0.0.0/8': { country: 'NL', region: '' },
      '83.0.0.0/8': { continent: { code: 'EU' } },
      '84.0.0.0/8': place('US', 'x'.repeat(280)),
    }),
  )
  for (const [address, expected] of [
    ['8.8.8.8', 'US / California'],
    ['::ffff:8.8.8.8', 'US / California'],
    ['45.1.2.3', 'CA'],
    ['2001:4860:4860::8888', 'DE / Baden-W\xc3\xbcrttemberg'],
    ['80.1.1.1', 'FR'],
    ['81.1.1.1', 'GB / England'],
    ['82.1.1.1', 'NL'],
    ['83.1.1.1', undefined],
    ['84.1.1.1', `US / ${'x'.repeat(250)}`],
    ['9.9.9.9', undefined],
    ['10.0.0.1', undefined],
    ['not an address', undefined],
    ['fe80::1%eth0', undefined],
    ['', undefined],
  ] as const) {
    assert.equal(find(address), expected, address)
    assert.equal(find(address), expected, `${address}, from memory`)
  }
})

test('a database of IPv4 knows no IPv6 and does not mind', (t) => {
  const find = geoLookup(database(t, { '8.0.0.0/8': place('US') }, 4))
  assert.deepEqual([find('8.1.1.1'), find('2001:4860::1')], ['US', undefined])
})

test('says what is wrong with the file', (t) => {
  const file = database(t, {})
  assert.throws(() => geoLookup(`${file}.not`), /ENOENT.*test\.mmdb\.not/)
  writeFileSync(file, 'no database')
  assert.throws(() => geoLookup(file), /test\.mmdb is no GeoIP database \(\.mmdb\): /)
})

test('rules see where an address is', (t) => {
  const decoders = `<decoder name="conn"><program_name>^conn$</program_name></decoder>
<decoder name="conn-1"><parent>conn</parent><regex>from (\\S+) to (\\S+)</regex><order>srcip, dstip</order></decoder>
<decoder name="other"><prematch>^other</prematch></decoder>`
  const rules = `<group name="local,">
  <rule id="1" level="0" noalert="1"><category>syslog</category><description>any</description></rule>
  <rule id="100001" level="3"><decoded_as>conn</decoded_as><description>connection</description></rule>
  <rule id="100002" level="8"><if_sid>100001</if_sid><srcgeoip>^US / California$</srcgeoip><description>from California</description></rule>
  <rule id="100003" level="6"><if_sid>100001</if_sid><dstgeoip negate="yes">^US</dstgeoip><description>not to the US</description></rule>
  <rule id="100004" level="10" frequency="2" timeframe="60"><if_matched_sid>100002</if_matched_sid><same_srcgeoip /><description>several from there</description></rule>
</group>`
  const geoip = geoLookup(database(t, { '8.8.0.0/16': place('US', 'California'), '45.0.0.0/8': place('CA') }))
  for (const plain of [false, true]) {
    const source = (path: string, text: string) => [{ path, text }]
    const { ruleset, problems } = loadRuleset({
      decoders: source('d.xml', decoders),
      rules: source('r.xml', rules),
      lists: [],
      geoip,
      plain,
    })
    assert.deepEqual(problems, [])
    const session = createSession(ruleset!, { hostname: 'siem', mode: 'live' })
    const decide = (log: string) => session.process({ log: `Jan 15 10:30:45 web conn: ${log}`, location: '/x' }, 0)
    const rule = (log: string) => decide(log).rule?.id
    assert.equal(rule('from 8.8.8.8 to 45.0.0.1'), 100002)
    assert.equal(rule('from 45.0.0.1 to 45.0.0.2'), 100003)
    assert.equal(rule('from 45.0.0.1 to 8.8.8.8'), 100001)
    assert.equal(rule('from 45.0.0.1 to 9.9.9.9'), 100001, 'what is not known is not "not the US"')
    assert.equal(rule('from 8.8.4.4 to 10.0.0.1'), 100004)
    assert.match(decide('from 8.8.8.8 to 45.0.0.1').text(1), /Src Location: US \/ California\n.*Dst Location: CA\n/s)
  }
})

// Wazuh's own tests, with a database that knows the addresses in them. Against the real thing they need an old one from MaxMind.
const testing = new URL('../../../shared/wazuh-4.14.7/ruleset/testing/', import.meta.url)

test("Wazuh's own tests of GeoIP rules pass", {
  skip: !existsSync(testing) && 'the stock ruleset is not here',
}, (t) => {
  const geoip = geoLookup(
    database(t, {
      '8.8.8.8': place('US'),
      '194.69.224.10': place('IT'),
      '94.80.188.102': place('IT', 'Lazio'),
      '200.16.16.1': place('AR'),
      '41.78.120.9': place('CF', 'Haut-Mbomou'),
      '2.136.147.146': place('ES', 'Madrid'),
      '2.136.14.146': place('ES', 'Andalusia'),
    }),
  )
  const stock = fileURLToPath(new URL('..', testing))
  const suite = fileURLToPath(new URL('ruleset', testing))
  const { ruleset } = loadRulesetFor({ ruleset: stock, rules: [], decoders: [], lists: [] }, { suite, geoip })
  const files = readdirSync(new URL('tests/', testing)).filter((file) => file.endsWith('geoip.ini'))
  const cases = files.flatMap((file) => parseIni(file, readFileSync(new URL(`tests/${file}`, testing), 'latin1')))
  const results = runCases(ruleset!, cases)
  assert.equal(results.length, 18)
  for (const { differences, ...result } of results) assert.deepEqual(differences, [], JSON.stringify(result))
})
