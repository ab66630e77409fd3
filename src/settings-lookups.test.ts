import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, read } from './settings-testing.ts'

test('a mistake in lookups is told where it stands', async () => {
  await check(`
## what is there
geoip: geo.mmdb
destinations:
  soc: { type: chat, hook_url: "https://x.example/", lookups: [strangers, geoip], lookup_wait: 0 }
  archive: { type: chat, hook_url: "https://x.example/", lookups: [files, strangers], lookup_wait: 2s }
  strangers: { type: intel, api_key: k1 }
  files: { type: scan, api_key: k2 }
====
## names
destinations:
  soc:
    type: chat
    hook_url: https://x.example/
    lookups:
      - stranger
      - archive
      - geoip
      - strangers
      - strangers
      - others
      - nothing-like-it
  archive: { type: chat, hook_url: "https://x.example/" }
  strangers: { type: intel, api_key: k1 }
  others: { type: intel, api_key: k2 }
====
outrider.yaml:6 error: destinations.soc.lookups[0]: there is no look-up "stranger" -> did you mean "strangers"?
outrider.yaml:7 error: destinations.soc.lookups[1]: "archive" is no look-up but chat -> look-ups are of the type intel, scan
outrider.yaml:8 error: destinations.soc.lookups[2]: there is no GeoIP database -> name one with the setting geoip, beside destinations
outrider.yaml:10 error: destinations.soc.lookups[4]: "strangers" stands there twice -> take one of them out
outrider.yaml:11 error: destinations.soc.lookups[5]: "others" asks intel, as "strangers" does -> name one of the two
outrider.yaml:12 error: destinations.soc.lookups[6]: there is no look-up "nothing-like-it" -> look-ups are strangers, others
## without any look-up
destinations:
  soc: { type: chat, hook_url: "https://x.example/", lookups: [strangers] }
====
outrider.yaml:2 error: destinations.soc.lookups[0]: there is no look-up "strangers" -> add a destination of the type intel, scan
## one that is left out
destinations:
  soc: { type: chat, hook_url: "https://x.example/", lookups: [strangers] }
  strangers: { type: intel }
====
outrider.yaml:2 warning: destinations.soc.lookups[0]: "strangers" is left out for a mistake of its own, so nothing is told of it -> mend what is reported for it
outrider.yaml:3 error: destinations.strangers.api_key: is missing -> A key.
## of a look-up, and a wait for nothing
destinations:
  strangers: { type: intel, api_key: k1, lookups: [files] }
  files: { type: scan, api_key: k2 }
  soc: { type: chat, hook_url: "https://x.example/", lookup_wait: 5s }
====
outrider.yaml:2 error: destinations.strangers.lookups: a look-up is told nothing by others -> take lookups out
outrider.yaml:4 error: destinations.soc.lookup_wait: means nothing without lookups -> say which look-ups are asked, such as lookups: [geoip]
## forms
destinations:
  soc: { type: chat, hook_url: "https://x.example/", lookups: geoip, lookup_wait: soon }
====
outrider.yaml:2 error: destinations.soc.lookups: not a list (got "geoip") -> write [geoip]
outrider.yaml:2 error: destinations.soc.lookup_wait: not a duration such as 5s or 1m, or 0 (got "soon")
`)
})

test('what is wrong with a look-up does not keep the destination from running', async () => {
  const of = async (more: string) => {
    const soc = `  soc: { type: chat, hook_url: "https://x.example/"${more} }\n`
    const { destinations } = await read(`destinations:\n${soc}  files: { type: scan, api_key: k }\n`)
    const { lookups, lookup_wait } = destinations.find(({ name }) => name === 'soc')!
    return { lookups, lookup_wait }
  }
  assert.deepEqual(await of(', lookups: [files, nothing]'), { lookups: ['files'], lookup_wait: undefined })
  assert.deepEqual(await of(', lookups: [nothing], lookup_wait: 1m'), { lookups: undefined, lookup_wait: 60 })
  assert.deepEqual(await of(', lookup_wait: 0'), { lookups: undefined, lookup_wait: undefined })
  assert.deepEqual(await of(''), { lookups: undefined, lookup_wait: undefined })
})

test('a look-up of ossec.conf has the name of its block', async () => {
  const conf = '<ossec_config><integration><name>intel</name><api_key>k</api_key></integration></ossec_config>'
  const { destinations, problems } = await read(
    'destinations:\n  soc: { type: chat, hook_url: "https://x.example/", lookups: [intel] }\n',
    { '/o/etc/ossec.conf': conf },
  )
  assert.deepEqual(problems, [])
  assert.deepEqual(destinations.find(({ name }) => name === 'soc')!.lookups, ['intel'])
})
