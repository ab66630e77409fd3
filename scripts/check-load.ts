// node scripts/check-load.ts FILE: does loading rules and decoders end as it did in the real engine? FILE has one case a line, as recorded: a file of
// rules or decoders loaded after the stock ruleset (`kind`, `name`, `file`), whether the engine starts (`loads`), and what it says (`messages`).
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { toBytes } from '../src/alert.ts'
import { loadRuleset } from '../src/engine/index.ts'
import { readRulesetFiles, selectByName } from '../src/wazuh/ruleset-files.ts'
import { root } from './runtime.mjs'

interface Case {
  kind: 'rules' | 'decoders'
  name: string
  file: string
  loads: boolean
  messages: string[]
}

const [path] = process.argv.slice(2)
if (!path) {
  process.stderr.write('usage: npm run -s check:load -- FILE\n')
  process.exit(2)
}
const stock = join(root, '..', 'shared', 'wazuh-4.14.7', 'ruleset')
if (!existsSync(stock)) {
  process.stderr.write(`check:load: the stock ruleset is needed at ${stock}\n`)
  process.exit(2)
}

const base = readRulesetFiles(selectByName({ ruleset: stock }))
// What the stock ruleset itself says was left out of the recording.
const usual = loadRuleset(base).messages

const bytes = readFileSync(path)
const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8')
let cases = 0
let equal = 0
for (const line of text.split('\n')) {
  const found = line.trim() === '' ? undefined : (JSON.parse(line) as Partial<Case>)
  if (found?.kind !== 'rules' && found?.kind !== 'decoders') continue
  cases++
  const { kind, name, loads, messages } = found as Case
  const got = load(kind, contentOf(found as Case))
  if (got.loads === loads && JSON.stringify(got.messages) === JSON.stringify(messages)) {
    equal++
    continue
  }
  const show = (what: { loads: boolean; messages: string[] }) => JSON.stringify(what)
  process.stdout.write(`${kind} "${name}"\n  expected ${show({ loads, messages })}\n  got      ${show(got)}\n`)
}
process.stdout.write(`${equal}/${cases} equal\n`)
process.exit(equal === cases ? 0 : 1)

function load(kind: Case['kind'], content: string): { loads: boolean; messages: string[] } {
  const added = { path: `etc/${kind}/zz.xml`, text: toBytes(content) }
  const { refused, messages } = loadRuleset({ ...base, [kind]: [...base[kind], added] })
  const rest = [...usual]
  const own = messages.filter((message) => {
    const place = rest.indexOf(message)
    if (place !== -1) rest.splice(place, 1)
    return place === -1
  })
  return { loads: !refused, messages: own }
}

// A long file is shortened in the recording, to its beginning and `...(21103 characters)`: what is left out repeats the last character and then
// closes the open tags.
function contentOf({ file }: Case): string {
  const short = /^([\s\S]*)\.\.\.\((\d+) characters\)$/.exec(file)
  if (!short) return file
  const [, beginning, length] = short as unknown as [string, string, string]
  const open: string[] = []
  for (const [, closing, name] of beginning.matchAll(/<(\/?)([A-Za-z_]+)[^>]*>/g)) {
    if (closing) open.pop()
    else open.push(name!)
  }
  const end = open
    .reverse()
    .map((name) => `</${name}>`)
    .join('')
  return beginning + beginning.slice(-1).repeat(Math.max(0, Number(length) - beginning.length - end.length)) + end
}
