import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDecoderMemory } from '../index.ts'
import { decoded, load, summary } from '../testing.ts'

const only = (plugin: string, more = '') =>
  load(`<decoder name="d"><prematch>^</prematch><plugin_decoder>${plugin}</plugin_decoder>${more}</decoder>`)

test('JSON_Decoder maps the static names at top level, and user as long as there is no dstuser', () => {
  const loaded = only('JSON_Decoder')
  const cases: [log: string, expected: string][] = [
    ['{"srcip":"1.1.1.1","a":{"srcip":"2"},"SrcIP":"3"}', 'd srcip=1.1.1.1 a.srcip=2 SrcIP=3'],
    ['{"systemname":"s","system_name":"t","location":"l"}', 'd system_name=s system_name=t location=l'],
    ['{"user":"u"}', 'd dstuser=u'],
    ['{"user":"u","dstuser":"d"}', 'd dstuser=d'],
    ['{"dstuser":"d","user":"u"}', 'd dstuser=d user=u'],
    ['{"dstuser":"","user":"u"}', 'd dstuser=u'],
    ['{"id":1,"id":2,"x":1,"x":2}', 'd id=2 x=1 x=2'],
    ['{"url":["a"],"data":{"b":1}}', 'd url=["a"] data.b=1'],
    ['{"a":', 'd'],
  ]
  for (const [log, expected] of cases) assert.equal(summary(decoded(loaded, log)), expected, log)
})

test('JSON_Decoder begins where the decoder that matched says', () => {
  const loaded = load(
    '<decoder name="p"><prematch>^x: </prematch></decoder>' +
      '<decoder name="c1"><parent>p</parent><prematch offset="after_parent">^y </prematch><plugin_decoder offset="after_prematch">JSON_Decoder</plugin_decoder></decoder>' +
      '<decoder name="c2"><parent>p</parent><prematch offset="after_parent">^{</prematch><plugin_decoder offset="after_parent">JSON_Decoder</plugin_decoder></decoder>' +
      '<decoder name="q"><prematch>^{</prematch></decoder>' +
      '<decoder name="c3"><parent>q</parent><plugin_decoder offset="after_parent">JSON_Decoder</plugin_decoder></decoder>' +
      '<decoder name="r"><prematch>^r: </prematch><plugin_decoder offset="after_regex">JSON_Decoder</plugin_decoder></decoder>',
  )
  const cases: [log: string, expected: string][] = [
    ['x: y {"a":1}', 'p>p a=1'],
    ['x: {"a":1}', 'p>p a=1'],
    // A child without prematch leaves the parent as the matched decoder, whose offset is none: the whole log is read.
    ['{"a":1}', 'q a=1'],
    ['r: {"a":1}', 'r'],
  ]
  for (const [log, expected] of cases) assert.equal(summary(decoded(loaded, log)), expected, log)
})

test('JSON_Decoder heeds the options of its decoder and the limit of fields', () => {
  const options = '<json_null_field>discard</json_null_field><json_array_structure>csv</json_array_structure>'
  const log = '{"a":null,"b":[1,"x"],"srcip":"s","c":1}'
  assert.equal(summary(decoded(only('JSON_Decoder', options), log)), 'd srcip=s b=1,x c=1')
  const text = '<decoder name="d"><prematch>^{</prematch><plugin_decoder>JSON_Decoder</plugin_decoder></decoder>'
  assert.equal(summary(decoded(load(text, { decoder_order_size: 2 }), log)), 'd srcip=s a=null b=[1, "x"]')
})

test('PF_Decoder keeps what it found before the text stopped making sense', () => {
  const cases: [log: string, expected: string][] = [
    [
      'rule 2/(match) pass in on xl0: 1.2.3.4.6667 > 5.6.7.8.162: P 7408',
      'd protocol=TCP action=pass srcip=1.2.3.4 srcport=6667 dstip=5.6.7.8 dstport=162',
    ],
    [
      'rule 3/(match) block out on xl0: 1.2.3.4 > 5.6.7.8:  udp 73',
      'd protocol=UDP action=block srcip=1.2.3.4 dstip=5.6.7.8',
    ],
    ['(m) pass: 1.2.3.4 > 5.6.7.8: icmp: echo', 'd protocol=ICMP action=pass srcip=1.2.3.4 dstip=5.6.7.8'],
    ['(m) pass: 1.2.3.4 > 5.6.7.8:  ', 'd action=pass srcip=1.2.3.4 dstip=5.6.7.8'],
    ['(m) pass: 1.2.3.4.5.6 < 5.6.7.8: x', 'd action=pass srcip=1.2.3.4 srcport=5.6'],
    ['(m) pass', 'd action=pass'],
    ['(m)pass: 1', 'd'],
    ['(m) scrub: 1', 'd'],
    ['nothing', 'd'],
  ]
  const loaded = only('PF_Decoder')
  for (const [log, expected] of cases) assert.equal(summary(decoded(loaded, log)), expected, log)
})

test('SonicWall_Decoder finds fields and the type of the event', () => {
  const ends = 'src=2.2.2.2:36701:WAN dst=1.1.1.1:50000:WAN'
  const found = 'srcip=2.2.2.2 srcport=36701 dstip=1.1.1.1 dstport=50000'
  const cases: [log: string, type: string, expected: string][] = [
    [
      `pri=6 c=262144 m=98 msg="x" ${ends} proto=tcp/50000`,
      'firewall',
      `d protocol=tcp action=pass ${found} id=98 status=6`,
    ],
    [`pri=6 c=1 m=36 ${ends}`, 'firewall', `d action=drop ${found} id=36 status=6`],
    [`pri=6 c=1 m=537 ${ends}`, 'firewall', `d action=close ${found} id=537 status=6`],
    [`pri=1 c=32 m=30 ${ends} proto=udp`, 'ids', `d protocol=udp ${found} id=30 status=1`],
    // A quirk of the original: a blank can be part of the protocol.
    [`pri=1 c=5 m=30 ${ends} proto=udp more`, 'syslog', `d protocol=udp mo ${found} id=30 status=1`],
    [
      `pri=6 c=1 m=97 ${ends} result=200 dstname=a.example arg=/x`,
      'squid',
      `d ${found} id=200 status=6 url=a.example/x`,
    ],
    ['pri=6 c=1 m=98 no addresses', 'syslog', 'd id=98 status=6'],
    ['something else', 'syslog', 'd'],
  ]
  const loaded = only('SonicWall_Decoder', '<type>ids</type>')
  for (const [log, type, expected] of cases) {
    const event = decoded(loaded, log)
    assert.deepEqual([event.type, summary(event)], [type, expected], log)
  }
})

test('SymantecWS_Decoder keeps the first of each item, and nine bytes of an id whatever they are', () => {
  const cases: [log: string, expected: string][] = [
    ['20070717,73613,1=5,11=10.1.1.3,10=userc,3=1,2=1', 'd srcip=10.1.1.3 dstuser=userc id=3=1,2=1'],
    ['20070717,73614,60=http://x/,10=a,10=b,2=27', 'd dstuser=a id=2=27 url=http://x/'],
    [`x,10=${'u'.repeat(200)},11=1`, `d srcip=1 dstuser=${'u'.repeat(128)}`],
    ['none', 'd'],
  ]
  const loaded = only('SymantecWS_Decoder')
  for (const [log, expected] of cases) assert.equal(summary(decoded(loaded, log)), expected, log)
})

test('OSSECAlert_Decoder turns an event into the one that was forwarded, when its rule is known', () => {
  const loaded = only('OSSECAlert_Decoder')
  const log = 'ossec: Alert Level: 3; Rule: 5715 - x; Location: web->/l; srcip: 1.1.1.1; user: u;  the log'
  const known = createDecoderMemory({ isRule: (id) => id === '5715' })
  const event = decoded(loaded, log, known)
  assert.equal(summary(event), 'd srcip=1.1.1.1 dstuser=u')
  assert.deepEqual(
    [event.type, event.forwarded_rule, event.location, event.hostname, event.full_log, event.log],
    ['ossec-alert', 5715, '/var/log/test|web->/l', '/var/log/test|web->/l', 'the log', 'the log'],
  )
  const unknown = decoded(loaded, log)
  assert.deepEqual([unknown.type, unknown.forwarded_rule, unknown.full_log], ['ossec-alert', undefined, log])
})
