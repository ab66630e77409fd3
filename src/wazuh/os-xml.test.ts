import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { applyVariables, parseOsXml, type XmlElement } from './os-xml.ts'

/** `name[attribute=value]{content; children}` of each element, the first mistake after `!`. */
function outline(text: string): string {
  const { roots, error } = parseOsXml(text)
  const shown = roots.map(show).join(' ')
  if (!error) return shown
  return `${shown}! ${error.message} (line ${error.line}${error.stoppedAt === error.line ? '' : `, Wazuh says ${error.stoppedAt}`})`
}

function show({ name, attributes, content, children }: XmlElement): string {
  const inside = [JSON.stringify(content), ...children.map(show)].join('; ')
  return `${name}${attributes.map((attribute) => `[${attribute.name}=${attribute.value}]`).join('')}{${inside}}`
}

// spec/ossec-conf.md section 5.1, row by row, and what the real reader does at the corners of each row.
const table: [input: string, expected: string][] = [
  [`<?xml version="1.0"?><a/>`, `! Bad attribute closing for 'version'='1.0'. (line 1)`],
  ['\xef\xbb\xbf<a/>text<b/>tail', 'a{""} b{""}'],
  ['', ''],
  ['only text', ''],
  ['<!DOCTYPE a><a/>', '! Comment not closed. (line 1)'],
  ['<a>\n<![CDATA[x]]>\n\n</a>', '! Comment not closed. (line 2, Wazuh says 4)'],
  ['<![CDATA[x]]><a/><!-- c --><b/>', 'b{""}'],
  ['<a>foo<!-- c -->bar</a>', 'a{"foobar"}'],
  ['<a>foo<! c !>bar</a>', 'a{"foobar"}'],
  ['<!-- 1 !><a/><! 2 --><b/>', 'a{""} b{""}'],
  ['<!-- -- > ---><a/>', 'a{""}'],
  ['<!--><a/>', 'a{""}'],
  ['<!!><a/>', 'a{""}'],
  ['<!><a/>-->', ''],
  ['<a<!-- c -->b>x</ab<!-- c -->>', 'ab{"x"}'],
  ['<a <!-- c -->>x</a>', "! Attribute '<!--' has no value. (line 1)"],
  ['<a>&lt; &amp; &#65; & x</a>', 'a{"&lt; &amp; &#65; & x"}'],
  ['<a>a > b</a>', 'a{"a > b"}'],
  ['<a>a < b</a>', "! Attribute 'b<' has no value. (line 1)"],
  ['<a>x\\<b</a>', 'a{"x\\\\<b"}'],
  ['<a>x\\\\<b/></a>', 'a{""; b{""}}'],
  ['<a>x\\\\\\<b</a>', 'a{"x\\\\\\\\\\\\<b"}'],
  ['<a>\nC:\\dir\\</a>\n', '! End of file and some elements were not closed. (line 1, Wazuh says 3)'],
  ['<a>C:\\dir\\\\</a>', 'a{"C:\\\\dir\\\\\\\\"}'],
  ['\\<a/>b<c/>', 'c{""}'],
  ['<a>  x\r\n</a>', 'a{"  x\\r\\n"}'],
  ['<a>t1<b/>t2<c>x</c>t3</a>', 'a{"t3"; b{""}; c{"x"}}'],
  ['<a></a><a/>', 'a{""} a{""}'],
  ['<a><b /></a>', 'a{">"; b{""}}'],
  ['<a><b k="1"/></a>', 'a{">"; b[k=1]{""}}'],
  ['<a><b k="1" /> </a>', 'a{"> "; b[k=1]{""}}'],
  ['<a><b/ k="1"></a>', 'a{""; b[k=1]{""}}'],
  ['<a />x<b/>', 'a{""} b{""}'],
  ['<a>\\<!-- c --></a>', '! End of file and some elements were not closed. (line 1)'],
  ['<a>\n1</a >', "! Element 'a' not closed. (line 1, Wazuh says 2)"],
  ['<a>1</a\n>', "! Element 'a' not closed. (line 1, Wazuh says 2)"],
  ['<a\n>x</a>', 'a{"x"}'],
  ['<a\tk="1">x</a>', 'a[k=1]{"x"}'],
  ['<A>x</a>', "! Element 'A' not closed. (line 1)"],
  ['<a/>\n</a>', 'a{""}! Element not opened. (line 2)'],
  [`<a k="v" l='w' m= "x" n=\t\n'y'/>`, 'a[k=v][l=w][m=x][n=y]{""}'],
  ['<a k = "v"/>', "! Attribute 'k' has no value. (line 1)"],
  ['<a k>x</a>', "! Attribute 'k' has no value. (line 1)"],
  ['<a k=v>x</a>', `! Attribute 'k' not followed by a " or '. (line 1)`],
  ['<a k= v>x</a>', `! Attribute 'k' not followed by a " or '. (line 1)`],
  ['<a k="1"b="2">x</a>', "! Bad attribute closing for 'k'='1'. (line 1)"],
  ['<a\nk="1"\nk="2">x</a>', "! Attribute 'k' already defined. (line 3)"],
  ['<a k=">">x</a>', "! Attribute 'k' not closed. (line 1)"],
  ['<a k="<\n\'">x</a>', 'a[k=<\n\']{"x"}'],
  ['<a k="1', '! End of file while reading an attribute. (line 1)'],
  ['<a ="x"/>', 'a[=x]{""}'],
  ['<a>x\0y</a>', 'a{"x"}'],
  ['<a\0b k\0l="v\0w">x</a\0c>', 'a[k=v]{"x"}'],
  ['<a-b.c:d_e1>x</a-b.c:d_e1>', 'a-b.c:d_e1{"x"}'],
  ['<>x</>', '{"x"}'],
  ['<a><b>\n</a>', "! Element 'b' not closed. (line 1, Wazuh says 2)"],
  ['<a>\n <b>x</b>\n', '! End of file and some elements were not closed. (line 1, Wazuh says 3)'],
  ['<', '! End of file and some elements were not closed. (line 1)'],
]

test('reads the dialect as Wazuh 4.14 does', () => {
  for (const [input, expected] of table) assert.equal(outline(input), expected, JSON.stringify(input))
})

test('keeps the limits of the original', () => {
  const error = (text: string) => parseOsXml(text).error?.message
  const long = 'x'.repeat(20_479)
  assert.equal(error(`<a>${long}</a>`), undefined)
  assert.equal(error(`<a>${long}x</a>`), 'String overflow.')
  assert.equal(error(`<a>${long}<!-- c -->x</a>`), 'String overflow.')
  assert.equal(error(`<a>${long}<b/>${long}</a>`), undefined, 'text before a child does not count')
  assert.equal(error(`<${long}/>`), 'String overflow.', 'the slash counts as part of the name')
  assert.equal(error(`<${long}></${long}>`), undefined)
  assert.equal(error(`<a key="${long}"/>`), undefined)
  assert.equal(error(`<a key="${long}x"/>`), "Overflow attempt at attribute 'key'.")
  assert.equal(error(`<a ${long}x="1"/>`), `Overflow attempt at attribute '${'x'.repeat(20)}'.`)

  const attributes = (count: number) => Array.from({ length: count }, (_, i) => ` k${i}="1"`).join('')
  assert.equal(error(`<a${attributes(49)}/>`), undefined)
  assert.equal(error(`<a${attributes(49)} />`), 'Too many attributes.', 'the blank announces a fiftieth')
  assert.equal(error(`<a${attributes(50)}/>`), 'Too many attributes.')

  assert.equal(error('<a>'.repeat(1_024) + '</a>'.repeat(1_024)), undefined)
  assert.equal(error('<a>'.repeat(1_025) + '</a>'.repeat(1_025)), 'Max recursion level reached')
})

test('cuts a long message where the original cuts it', () => {
  const message = parseOsXml(`<a ${'n'.repeat(300)}>`).error!.message
  assert.equal(`XMLERR: ${message}`, `XMLERR: Attribute '${'n'.repeat(107)}`)
})

test('tells where elements, their contents and attributes stand', () => {
  const text = '<!-- c -->\n<r>\n  <a k="1"\n     l="2">x<!-- c -->y</a><b />\n</r>\n'
  const [root] = parseOsXml(text).roots
  const [a, b] = root!.children
  assert.equal(text.slice(root!.start, root!.end), text.slice(11, -1))
  assert.equal(text.slice(a!.start, a!.end), '<a k="1"\n     l="2">x<!-- c -->y</a>')
  assert.equal(text.slice(a!.contentStart, a!.contentEnd), 'x<!-- c -->y')
  assert.equal(text.slice(b!.start, b!.end), '<b />')
  assert.deepEqual([root!.line, a!.line, a!.attributes[1]!.line, b!.line], [2, 3, 4, 4])
})

test('keeps what was complete before a mistake', () => {
  assert.equal(outline('<a>1</a>\n<b>\n</c>'), 'a{"1"}! Element \'b\' not closed. (line 2, Wazuh says 3)')
})

function substituted(text: string): string {
  const { roots, error } = applyVariables(parseOsXml(text).roots)
  return error ? `! ${error.message} (line ${error.line})` : roots.map(show).join(' ')
}

const variableCases: [input: string, expected: string][] = [
  ['<var name="X">value</var><a k="$X">$X</a>', 'a[k=$X]{"$X"}'], // two bytes are not looked at
  ['<var name="XY">value</var><a k="$XY">-$xy.$XY|$XY,$XY $XY</a>', 'a[k=value]{"-value.value|value,value value"}'],
  ['<VAR name="XY">v</VAR><a>$XY$XY</a>', 'a{"vv"}'],
  ['<a>$XY</a><var name="XY">v</var><b>$XY</b>', 'a{"$XY"} b{"v"}'], // only what comes after it
  ['<a>cost $NONE</a>', 'a{"cost $NONE"}'],
  ['<var name="XY">v</var>\n<a>$NONE</a>', "! Unknown variable: 'NONE'. (line 2)"],
  ['<var name="ZZVAR">abc</var><a>x$ZZVARy $ZZVAR</a>', "! Unknown variable: 'ZZVARy'. (line 1)"],
  ['<var name="XY">v</var><a>$ $. $(field) 5$</a>', 'a{"$ $. $(field) 5$"}'],
  ['<var name="V">VALUE</var><a>$(srcuser) $V z</a>', 'a{"$VALUE z"}'],
  ['<var name="XY">v</var><var name="ZZ">$XY</var><a>$ZZ</a>', 'a{"$XY"}'], // values are not looked at
  ['<var name="XY">1</var><var name="xy">2</var><a>$XY</a>', 'a{"1"}'], // the first wins
  ['<var>v</var><a name="XY">$XY</a>', 'a[name=XY]{"v"}'], // takes the next attribute for its name
  ['<var>v</var><a>x</a>', '! No value set for variable. (line 1)'],
  ['<var id="XY">v</var>', '! Only "name" is allowed as an attribute for a variable. (line 1)'],
  [`<var name="${'n'.repeat(256)}">v</var>`, '! Invalid variable name size. (line 1)'],
  [`<var name="XY">v</var><a>$${'n'.repeat(256)}</a>`, "! Invalid variable name size: '255'. (line 1)"],
  ['<a>x</a><var name="XY">v<b/></var>', 'a{"x"; b{""}}'], // as the flat table of the original has it
  ['<b k="1" var="v" name="XY" l="2">x$XY</b><c>x$XY</c>', 'b[k=1]{"x$XY"} c{"xv"}'],
]

test('puts variables in as Wazuh does, with its peculiarities', () => {
  for (const [input, expected] of variableCases) assert.equal(substituted(input), expected, input)
})

test('leaves the elements it is given alone', () => {
  const { roots } = parseOsXml('<var name="XY">v</var><a>$XY</a>')
  const before = structuredClone(roots)
  applyVariables(roots)
  assert.deepEqual(roots, before)
})

const stock = join(import.meta.dirname, '../../../shared/wazuh-4.14.7')

test('reads every file of the stock ruleset and configuration', { skip: !existsSync(stock) && `no ${stock}` }, () => {
  const files = readdirSync(stock, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(xml|conf)$/.test(file))
  assert.ok(files.length >= 295, `${files.length} files`)
  for (const file of files) {
    const text = readFileSync(join(stock, file), 'latin1')
    const { roots, error } = parseOsXml(text)
    assert.equal(error, undefined, file)
    if (text.trim() !== '') assert.ok(roots.length > 0, file)
    if (file.endsWith('.xml')) assert.equal(applyVariables(roots).error, undefined, file)
    for (const element of roots) assert.ok(text.startsWith(`<${element.name}`, element.start), file)
  }
})
