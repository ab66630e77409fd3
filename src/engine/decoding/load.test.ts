import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { formatProblem } from '../../problem.ts'
import { golden, skip, stockSources } from '../testing/stock.ts'
import { loadDecoders } from './index.ts'
import { load } from './testing.ts'

const root = '<decoder name="a"><prematch>^a</prematch></decoder>'
const critical = "CRITICAL: (1202): Configuration error at 'etc/decoders/mine.xml'."
const child = (inner: string, name = 'c') => `${root}<decoder name="${name}"><parent>a</parent>${inner}</decoder>`

/** Files that a real Wazuh refuses, with its words. All were compared with the original's own loader, with some 30,000 random files besides. */
const refused: [text: string, ...words: string[]][] = [
  ['<root></root>', "(1230): Invalid element in the configuration: 'root'."],
  ['<decoder><prematch>a</prematch></decoder>', "(1230): Invalid element in the configuration: 'decoder'."],
  [
    '<decoder name="x" id="1"><prematch>a</prematch></decoder>',
    "(1230): Invalid element in the configuration: 'decoder'.",
  ],
  ['<decoder name="x"></decoder>', '(1231): Invalid NULL element in the configuration.'],
  ['<decoder name="x"><prematch>a</prematch><foo/></decoder>', "Invalid element 'foo' for decoder 'decoder'"],
  [
    '<decoder name="x"><prematch>a</prematch><Type>ids</Type></decoder>',
    "Invalid element 'Type' for decoder 'decoder'",
  ],
  [
    '<decoder name="x"><type>ids</type></decoder>',
    "(2108): No 'prematch' found in decoder: 'x'.",
    "(2107): Decoder configuration error: 'x'.",
  ],
  ['<decoder name="x"><prematch>a</prematch><type>foo</type></decoder>', "Invalid decoder type 'foo'."],
  ['<decoder name="x"><prematch>a</prematch><order>b</order></decoder>', "(2107): Decoder configuration error: 'x'."],
  ['<decoder name="x"><prematch>a</prematch><regex>(b)</regex></decoder>', "(2107): Decoder configuration error: 'x'."],
  ['<decoder name="x"><prematch>a</prematch><fts>name</fts></decoder>', "(2107): Decoder configuration error: 'x'."],
  [
    '<decoder name="x"><prematch>a</prematch><regex>(b)</regex><order>b,</order></decoder>',
    "decode-xml: Wrong field '' in the order of decoder 'x'",
  ],
  [
    '<decoder name="x"><prematch>a</prematch><regex>(b)</regex><order>srcip, b</order><fts>b</fts></decoder>',
    "decode-xml: Wrong field 'b' in the fts decoder 'x'",
  ],
  [
    '<decoder name="x"><prematch>(a|b)</prematch></decoder>',
    "(1452): Syntax error on regex: '(a|b)'",
    "(2107): Decoder configuration error: 'x'.",
  ],
  [
    '<decoder name="x"><prematch>a</prematch><plugin_decoder>Foo</plugin_decoder></decoder>',
    "(2110): Invalid decoder argument for plugin_decoder: 'Foo'.",
  ],
  [
    '<decoder name="x"><prematch>a</prematch><plugin_decoder>JSON_Decoder</plugin_decoder><regex>(b)</regex><order>b</order></decoder>',
    "(2111): Additional data to plugin decoder: 'x'.",
  ],
  [
    '<decoder name="x"><prematch>a</prematch><regex offset="after_parent">(b)</regex><order>b</order></decoder>',
    "(2120): Invalid offset value: 'after_parent'",
    "(2107): Decoder configuration error: 'x'.",
  ],
  [
    '<decoder name="x"><prematch>a</prematch><regex>(b)</regex><regex offset="after_prematch">c</regex><order>b</order></decoder>',
    "(2109): Duplicated offsets for same regex: 'x'.",
    "(2107): Decoder configuration error: 'x'.",
  ],
  [
    child('<regex offset="after_prematch">(b)</regex><order>b</order>'),
    "(2120): Invalid offset value: 'after_prematch'",
    "(2107): Decoder configuration error: 'c'.",
  ],
  [child('<prematch offset="after_prematch">b</prematch>'), "(2107): Decoder configuration error: 'c'."],
  [
    child('<regex offset="after_regex">(b)</regex><order>b</order>'),
    "(2120): Invalid offset value: 'c'",
    '(2105): Error loading decoder options.',
    '(2106): Error adding decoder plugin.',
  ],
  [
    '<decoder name="x"><parent>nobody</parent><prematch>a</prematch></decoder>',
    "(2101): Parent decoder name invalid: 'nobody'.",
    '(2106): Error adding decoder plugin.',
  ],
]

test('refuses what the original refuses, in its words', () => {
  for (const [text, ...words] of refused) {
    const { messages, refused, problems } = load(text)
    assert.deepEqual(messages, [...words.map((word) => `ERROR: ${word}`), critical], text)
    assert.equal(refused, true, text)
    assert.equal(problems.length, 1, text)
    assert.equal(problems[0]!.line, 2, text)
  }
})

const chain = '<parent>a</parent><regex>(b)</regex><order>b</order>'

test('lets a child continue an earlier one of its name, and refuses what cannot', () => {
  const cases: [inner: string, code?: string][] = [
    ['<parent>a</parent><regex offset="after_regex">(c)</regex><order>c</order>'],
    ['<parent>a</parent><plugin_decoder>JSON_Decoder</plugin_decoder>'],
    [
      '<parent>a</parent><prematch>b</prematch><regex>(c)</regex><order>c</order>',
      "(2102): Duplicated decoder with prematch: 'c'.",
    ],
    [
      '<parent>a</parent><regex>(c)</regex><order>c</order><fts>name</fts>',
      "(2103): Duplicated decoder with fts set: 'c'.",
    ],
    ['<parent>a</parent>', "(2104): Invalid duplicated decoder: 'c'."],
  ]
  for (const [inner, words] of cases) {
    const { messages } = load(`${root}<decoder name="c">${chain}</decoder><decoder name="c">${inner}</decoder>`)
    assert.equal(messages[0], words && `ERROR: ${words}`, inner)
  }
})

test('warns of values it does not know, and takes the default', () => {
  const cases: [text: string, message: string][] = [
    [
      '<decoder name="x"><prematch type="osmatch">a</prematch></decoder>',
      "WARNING: (7601): Invalid value for attribute 'type' in 'prematch' option (decoder `x`). Default value will be used.",
    ],
    [
      child('<regex offset="after_foo">(b)</regex><order>b</order>'),
      "WARNING: (7601): Invalid value for attribute 'offset' in 'regex' option (decoder `c`). Default value will be used.",
    ],
    [
      child('<prematch offset="after_foo">b</prematch>'),
      "ERROR: (7601): Invalid value for attribute 'offset' in 'prematch' option (decoder `c`). Default value will be used.",
    ],
    [
      '<decoder name="x"><prematch>a</prematch><json_null_field>empty</json_null_field></decoder>',
      "WARNING: (7603): Deprecated value 'empty' in 'json_null_field' option (decoder `x`). Default value will be used.",
    ],
    [
      '<decoder name="x"><prematch>a</prematch><json_array_structure>list</json_array_structure></decoder>',
      "WARNING: (7602): Invalid value 'list' in 'json_array_structure' option (decoder `x`). Default value will be used.",
    ],
    [
      `<decoder name="x"><prematch>a</prematch><ftscomment>${'x'.repeat(1_024)}</ftscomment></decoder>`,
      `ERROR: (1104): Maximum string size reached for: ${'x'.repeat(1_024)}.`,
    ],
  ]
  for (const [text, message] of cases) {
    const { messages, refused } = load(text)
    assert.deepEqual(messages, [message], text)
    assert.equal(refused, false, text)
  }
})

test('stops its messages at the first refused file, and goes on reporting for people', () => {
  const file = (name: string, text: string) => ({ path: `etc/decoders/${name}`, text })
  const { messages, problems, decoders } = loadDecoders([
    file('a.xml', `${root}<decoder name="p"><program_name>^p$</program_name></decoder>`),
    file(
      'b.xml',
      '\n<decoder name="x"><prematch>\\y</prematch></decoder>\n<decoder name="y"><parent>x</parent><regex>(b)</regex><order>b</order></decoder>',
    ),
    file('c.xml', '<decoder name="z"><prematch>z</prematch><plugin_decoder>JSON_Decode</plugin_decoder></decoder>'),
  ])
  assert.deepEqual(messages, [
    "ERROR: (1452): Syntax error on regex: '\\y'",
    "ERROR: (2107): Decoder configuration error: 'x'.",
    "CRITICAL: (1202): Configuration error at 'etc/decoders/b.xml'.",
  ])
  const shown = problems.map(formatProblem)
  assert.match(
    shown[0]!,
    /^etc\/decoders\/b\.xml:2 error: decoder "x": <prematch> is no osregex: "\\y" at 0 is no class/,
  )
  assert.match(shown[1]!, /^etc\/decoders\/b\.xml:3 error: decoder "y": its parent "x" was left out/)
  assert.equal(
    shown[2],
    'etc/decoders/c.xml:1 error: decoder "z": there is no plugin decoder "JSON_Decode"\n  hint: did you mean "JSON_Decoder"?\n  Wazuh: the manager does not start',
  )
  assert.deepEqual(
    decoders.all.map(({ name }) => name),
    ['a', 'p'],
  )
})

test('names near misses and grandchildren', () => {
  const hints = (text: string) => load(text).problems.map(({ hint }) => hint)
  assert.deepEqual(
    hints(
      '<decoder name="sshd"><program_name>^sshd</program_name></decoder><decoder name="s"><parent>ssdh</parent></decoder>',
    ),
    ['did you mean "sshd"?'],
  )
  assert.deepEqual(hints(`${child('<prematch>b</prematch>')}<decoder name="d"><parent>c</parent></decoder>`), [
    '"c" is itself a child, and there are no grandchildren; use its parent "a"',
  ])
  assert.deepEqual(hints('<decoder name="x"><prematch>a</prematch><prematsch>b</prematsch></decoder>'), [
    'did you mean "prematch"?',
  ])
})

test('reports files that hold no decoder or cannot be read', () => {
  const words = (path: string, text: string) =>
    loadDecoders([
      { path: 'a.xml', text: `${root}<decoder name="p"><program_name>p</program_name></decoder>` },
      { path, text },
    ]).messages
  const end = "CRITICAL: (1202): Configuration error at 'etc/decoders/b.xml'."
  assert.deepEqual(words('etc/decoders/b.xml', ''), [end])
  assert.deepEqual(words('etc/decoders/b.xml', '<!-- nothing -->'), [
    'ERROR: (1231): Invalid NULL element in the configuration.',
    end,
  ])
  assert.deepEqual(words('etc/decoders/local_decoder.xml', '<!-- nothing -->'), [])
  assert.deepEqual(words('etc/decoders/b.xml', '\n<decoder name="x">'), [
    "ERROR: (1226): Error reading XML file 'etc/decoders/b.xml': XMLERR: End of file and some elements were not closed. (line 2).",
    end,
  ])
  assert.deepEqual(
    words('etc/decoders/b.xml', '<var name="V">a</var><decoder name="x"><prematch>a$W</prematch></decoder>'),
    ["ERROR: (1227): Error applying XML variables 'etc/decoders/b.xml': XMLERR: Unknown variable: 'W'..", end],
  )
})

test('needs a decoder with and one without a program name', () => {
  const { messages, refused } = loadDecoders([{ path: 'a.xml', text: root }])
  assert.deepEqual(messages, [
    'ERROR: (2106): Error adding decoder plugin.',
    'CRITICAL: (2105): Error loading decoder options.',
  ])
  assert.equal(refused, true)
})

test('knows the names that <decoded_as> may use', () => {
  const { names } = load(child('<prematch>b</prematch>')).decoders
  for (const name of ['a', 'c', 'windows_eventchannel', 'syscheck_integrity_changed']) assert.ok(names.has(name), name)
  assert.ok(!names.has('b'))
})

test('loads the stock decoders without a word', { skip }, () => {
  const { decoders, messages, problems, refused } = loadDecoders(stockSources().decoders)
  assert.deepEqual([messages, problems, refused], [[], [], false])
  assert.equal(decoders.withProgram.length, 109)
  assert.equal(decoders.withoutProgram.length, 99)
})

test('says of every recorded decoder file what the real engine said', {
  skip: skip || !existsSync(golden('load.jsonl')),
}, () => {
  const cases = readFileSync(golden('load.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  const recorded = cases.filter(({ kind }) => kind === 'decoders')
  const stock = stockSources().decoders
  for (const { name, file, loads, messages } of recorded) {
    const text = Buffer.from(file, 'utf8').toString('latin1')
    const result = loadDecoders([...stock, { path: 'etc/decoders/zz.xml', text }])
    assert.deepEqual([result.refused, result.messages], [!loads, messages], name)
  }
  assert.ok(recorded.length > 10)
})
