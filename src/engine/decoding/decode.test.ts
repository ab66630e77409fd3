import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decoded, load, summary } from './testing.ts'

/** A decoder in one line: `name > parent`, then its tags. */
const decoder = (name: string, tags: string) => {
  const [own, parent] = name.split(' > ')
  return `<decoder name="${own}">${parent ? `<parent>${parent}</parent>` : ''}${tags}</decoder>\n`
}

/** What each line comes to with these decoders. */
function check(text: string, cases: [log: string, expected: string][]): void {
  const loaded = load(text)
  assert.deepEqual([loaded.messages, loaded.problems], [[], []])
  for (const [log, expected] of cases) assert.equal(summary(decoded(loaded, log)), expected, log)
}

const stamp = 'Jan 15 10:30:45 web'

test('tries only decoders with a program name on events that have one, and only the others on the rest', () => {
  check(decoder('with', '<program_name>^app</program_name>') + decoder('without', '<prematch>x</prematch>'), [
    [`${stamp} app: x`, 'with'],
    [`${stamp} APP2: x`, 'with'],
    [`${stamp} other: x`, '-'],
    [`${stamp} no program x`, 'without'],
    ['x', 'without'],
    ['y', '-'],
  ])
})

test('takes the first that matches, and an empty <program_name> matches all', () => {
  check(
    decoder('one', '<program_name>^app$</program_name><prematch>^a</prematch>') +
      decoder('two', '<program_name>^app$</program_name>') +
      decoder('rest', '<program_name></program_name>'),
    [
      [`${stamp} app: a`, 'one'],
      [`${stamp} app: b`, 'two'],
      [`${stamp} other: a`, 'rest'],
      [`${stamp} : a`, 'rest'],
    ],
  )
})

test('names a child by its parent, unless it uses its own name, and only when its prematch won', () => {
  check(
    decoder('p', '<prematch>^x </prematch>') +
      decoder('c1 > p', '<prematch>one</prematch>') +
      decoder('c2 > p', '<prematch>two</prematch><use_own_name>true</use_own_name>') +
      decoder('c3 > p', '<regex>(\\d+)</regex><order>n</order><type>ids</type>'),
    [
      ['x one', 'p>p'],
      ['x two', 'p>c2'],
      ['x 3', 'p n=3'],
      ['x what', 'p'],
    ],
  )
})

test('gives an event the type of the decoder that matched', () => {
  const loaded = load(
    decoder('p', '<prematch>^x </prematch><type>web-log</type>') +
      decoder('c1 > p', '<prematch>one</prematch>') +
      decoder('c2 > p', '<prematch>two</prematch><type>ids</type>') +
      decoder('c3 > p', '<regex>(\\d+)</regex><order>n</order><type>firewall</type>'),
  )
  assert.deepEqual(
    ['x one', 'x two', 'x 3', 'y'].map((log) => decoded(loaded, log).type),
    ['syslog', 'ids', 'web-log', 'syslog'],
  )
})

test('ignores the regex of a decoder that has children, and never tries what stands behind a child without prematch', () => {
  check(
    decoder('p', '<prematch>^x </prematch><regex>(\\w+)</regex><order>own</order>') +
      decoder('c1 > p', '<regex>a=(\\w+)</regex><order>a</order>') +
      decoder('c2 > p', '<regex>b=(\\w+)</regex><order>b</order>'),
    [
      ['x a=1 b=2', 'p a=1'],
      ['x b=2', 'p'],
    ],
  )
  check(decoder('p', '<prematch>^x </prematch><regex offset="after_prematch">^(\\w+)</regex><order>own</order>'), [
    ['x a b', 'p own=a'],
  ])
})

test('runs a chain of one name to its end, whatever fails in it', () => {
  check(
    decoder('p', '<prematch>^x </prematch>') +
      decoder('c > p', '<regex>a=(\\w+)</regex><order>a</order>') +
      decoder('c > p', '<regex offset="after_regex">b=(\\w+)</regex><order>b</order>') +
      decoder('c > p', '<regex offset="after_regex">n=(\\w+)</regex><order>n</order>'),
    [
      ['x a=1 b=2 n=3', 'p a=1 b=2 n=3'],
      ['x b=2 n=3', 'p b=2 n=3'],
      ['x a=1 n=3', 'p a=1 n=3'],
      ['x n=3 b=2 a=1', 'p a=1'],
    ],
  )
})

test('passes over the whole chain of a child whose prematch fails, and over one decoder more', () => {
  check(
    decoder('p', '<prematch>^x </prematch>') +
      decoder('c > p', '<prematch>one</prematch><regex>1=(\\w)</regex><order>a</order>') +
      decoder('c > p', '<regex>2=(\\w)</regex><order>b</order>') +
      decoder('d > p', '<prematch>two</prematch><regex>3=(\\w)</regex><order>d</order>'),
    [
      ['x one 1=y 2=z', 'p>p a=y b=z'],
      ['x two 3=y 2=z', 'p>p d=y'],
    ],
  )
  // Not adjacent: the walk goes on with whatever stands next, as the original does.
  check(
    decoder('p', '<prematch>^x </prematch>') +
      decoder('c > p', '<regex>1=(\\w)</regex><order>a</order>') +
      decoder('d > p', '<regex>2=(\\w)</regex><order>b</order>') +
      decoder('c > p', '<regex>3=(\\w)</regex><order>c</order>'),
    [['x 1=a 2=b 3=c', 'p a=a b=b']],
  )
})

test('looks behind the parent, the own prematch or the last regex', () => {
  check(
    decoder('p', '<prematch>^x: </prematch>') +
      decoder(
        'c1 > p',
        '<prematch offset="after_parent">^one </prematch><regex offset="after_prematch">^(\\w+)</regex><order>a</order>',
      ) +
      decoder(
        'c2 > p',
        '<prematch offset="after_parent">^two </prematch><regex offset="after_parent">^(\\w+)</regex><order>a</order>',
      ) +
      decoder('c3 > p', '<prematch>^x: three </prematch><regex>^(\\w)</regex><order>a</order>') +
      decoder('c3 > p', '<regex offset="after_regex">(\\w+)</regex><order>b</order>'),
    [
      ['x: one foo', 'p>p a=foo'],
      ['x: two foo', 'p>p a=two'],
      ['x: three foo', 'p>p a=x b=three'],
    ],
  )
})

test('moves on by one byte behind an empty match, as the original does', () => {
  check(decoder('p', '<prematch>^</prematch><regex offset="after_prematch">^(\\w+)</regex><order>a</order>'), [
    ['abc', 'p a=bc'],
  ])
  const pcre2 = decoder(
    'p',
    '<prematch type="pcre2">^(?=a)</prematch><regex offset="after_prematch">^(\\w+)</regex><order>a</order>',
  )
  // The byte before this log is the NUL that ends the copy of the whole, so nothing is left; before the other one it is a space.
  check(pcre2, [['abc', 'p']])
  check(
    decoder(
      'p',
      '<program_name>^app$</program_name><prematch type="pcre2">^(?=a)</prematch><regex offset="after_prematch">^(\\w+)</regex><order>a</order>',
    ),
    [
      [`${stamp} app: abc`, 'p a=abc'],
      [`${stamp} app:abc`, 'p'],
    ],
  )
})

test('writes static fields over and dynamic ones again, and keeps empty captures', () => {
  check(
    decoder('p', '<prematch>^x </prematch>') +
      decoder('c > p', '<regex>u=(\\w*) v=(\\w*) w=(\\w*);</regex><order>user, Foo,srcip</order>') +
      decoder('c > p', '<regex>u2=(\\w*) v2=(\\w*)</regex><order>dstuser, foo</order>'),
    [
      ['x u=a v=b w=c;', 'p srcip=c dstuser=a Foo=b'],
      ['x u= v= w=;', 'p srcip= dstuser= Foo='],
      ['x u=a v=b w=c; u2=d v2=e', 'p srcip=c dstuser=d Foo=b foo=e'],
    ],
  )
  const event = decoded(
    load(decoder('p', '<prematch>^x (\\w+) (\\w+)</prematch><regex>^x (\\w+) (\\w+)</regex><order>Foo,foo</order>')),
    'x 1 2',
  )
  assert.equal(event.dynamic('FOO'), '1')
})

test('drops captures without a name and leaves names without a capture', () => {
  check(
    decoder('p', '<prematch>^x </prematch>') + decoder('c > p', '<regex>(\\w+) (\\w+) (\\w+)</regex><order>a</order>'),
    [['x y z', 'p a=x']],
  )
  check(
    decoder(
      'p',
      '<prematch>^x </prematch><regex type="pcre2">(\\d)(a)?(b)?(c)?</regex><order>one,two,three,four</order>',
    ),
    [
      ['x 1b', 'p one=1 two= three=b'],
      ['x 1', 'p one=1'],
    ],
  )
})

test('reads <order> as the original: names cut at a space, an escaped comma kept', () => {
  check(
    decoder('p', '<prematch>^x </prematch><regex>(\\w) (\\w) (\\w)</regex><order> my field ,a\\,b, SrcIP</order>'),
    [['x y z', 'p my=x a,b=y SrcIP=z']],
  )
})

test('stops adding dynamic fields before a regex when there are as many as an event may have', () => {
  const text =
    decoder('p', '<prematch>^x </prematch>') +
    decoder('c > p', '<regex>(\\w) (\\w)</regex><order>a,b</order>') +
    decoder('c > p', '<regex>(\\w)</regex><order>c</order>')
  assert.equal(summary(decoded(load(text, { decoder_order_size: 2 }), 'x y')), 'p a=x b=y')
  assert.equal(summary(decoded(load(text, { decoder_order_size: 3 }), 'x y')), 'p a=x b=y c=x')
})

test('lets a <regex> of PCRE2 whose groups take no part have those of the prematch', () => {
  check(
    decoder('p', '<prematch type="pcre2">^(\\w+) </prematch>') +
      decoder(
        'c > p',
        '<prematch type="pcre2">seen</prematch><regex type="pcre2">nothing(?:=(\\d))?</regex><order>f</order>',
      ) +
      decoder('d > p', '<prematch>other</prematch><regex type="pcre2">nothing(?:=(\\d))?</regex><order>f</order>'),
    [
      ['foo seen nothing=1', 'p>p f=1'],
      ['foo seen nothing', 'p>p f=foo'],
      ['foo other nothing', 'p>p'],
    ],
  )
})

test('looks an address up once', () => {
  const text = decoder('p', '<prematch>^x </prematch><regex>(\\S+) (\\S+)$</regex><order>srcip,dstip</order>')
  const asked: string[] = []
  const geoip = (address: string) => {
    asked.push(address)
    return address === '1.1.1.1' ? 'AU' : undefined
  }
  const event = decoded(load(text, { geoip }), 'x 1.1.1.1 2.2.2.2')
  assert.equal(summary(event), 'p srcip=1.1.1.1 dstip=2.2.2.2 srcgeoip=AU')
  assert.deepEqual(asked, ['1.1.1.1', '2.2.2.2'])
})

test('keeps what <fts>, <ftscomment> and <accumulate/> say', () => {
  const loaded = load(
    decoder(
      'p',
      '<prematch>^x </prematch><regex>(\\w+) (\\w+)</regex><order>foo, srcip</order><fts>name, user, Foo, extra_data</fts><ftscomment>first</ftscomment><accumulate/>',
    ),
  )
  const { decoder: info } = decoded(loaded, 'x y z')
  assert.equal(info?.ftscomment, 'first')
  assert.equal(info?.accumulate, true)
  const { dynamic, ...parts } = info!.fts!
  assert.deepEqual(dynamic, ['foo'])
  assert.deepEqual(
    Object.entries(parts)
      .filter(([, isListed]) => isListed)
      .map(([name]) => name),
    ['dstuser', 'data'],
  )
})
