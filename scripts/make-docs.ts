// node scripts/make-docs.ts: writes the reference pages in docs/ from the definitions, the schema of outrider.yaml, the help of the commands and the starter
// ruleset. Pages of what is gone are removed.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { definitions } from '../src/runners/definitions.ts'
import { commandsPage } from './docs/commands.ts'
import { integrationPage, lookupPage } from './docs/destinations.ts'
import { receiverPage, responsePage, wodlePage } from './docs/others.ts'
import { rulesetPage } from './docs/ruleset.ts'
import { alert } from './docs/sample.ts'
import { settingsPage } from './docs/settings.ts'
import { block, page, table } from './docs/text.ts'

export const docsFolder = fileURLToPath(new URL('../docs', import.meta.url))

interface Described {
  name: string
  summary: string
}

const load = <T extends Described>(index: Record<string, () => Promise<{ default: T }>>): Promise<T[]> =>
  Promise.all(Object.values(index).map(async (one) => (await one()).default))

/** Every generated page, by its path below docs/. */
export async function makeDocs(): Promise<Map<string, string>> {
  const pages = new Map<string, string>()
  const index: string[] = []
  const add = <T extends Described>(
    folder: string,
    title: string,
    words: string,
    all: T[],
    make: (one: T) => string,
  ) => {
    for (const one of all) pages.set(`${folder}/${one.name}.md`, make(one))
    const rows = all.map(({ name, summary }) => [`[${name}](${folder}/${name}.md)`, summary])
    index.push(`## ${title}`, words, table(['name', ''], rows))
  }
  add(
    'integrations',
    'Integrations',
    'Where alerts go: `type:` of a destination, or `<name>` of an `<integration>`.',
    await load(definitions.integrations),
    integrationPage,
  )
  add(
    'lookups',
    'Look-ups',
    'Services that are asked about an alert; the answer comes back as an event. See [look-ups](lookups.md).',
    await load(definitions.lookups),
    lookupPage,
  )
  add(
    'responses',
    'Responses',
    '`<executable>` of a `<command>`. See [active response](active-response.md).',
    await load(definitions.responses),
    responsePage,
  )
  add(
    'receivers',
    'Receivers',
    'Webhooks that are received: `type:` of a receiver.',
    await load(definitions.receivers),
    receiverPage,
  )
  add('wodles', 'Wodles', 'What runs on a schedule: `type:` of a wodle.', await load(definitions.wodles), wodlePage)
  const words = 'What the pages of integrations are made with, as a line of `alerts.json`, but over several lines.'
  pages.set('sample-alert.md', page('The sample alert', [words, block('json', JSON.stringify(alert, null, 2))]))
  pages.set('settings.md', settingsPage())
  pages.set('commands.md', commandsPage())
  pages.set('starter-ruleset.md', rulesetPage())
  pages.set('README.md', page('Documentation', [...guides, '## Reference', reference, ...index]))
  return pages
}

const guides = [
  '## Guides',
  `- [From a custom Python script to Outrider in ten minutes](guides/from-a-python-script.md)
- [My first automatic block, without fear](guides/first-block.md)
- [Beside a real Wazuh](guides/beside-wazuh.md)
- [Trying a destination without an account](guides/try-without-an-account.md)
- [Fewer messages, and none missed](guides/fewer-messages.md)
- [Writing an integration](guides/write-an-integration.md)
- [Destinations](destinations.md): filters, grouping, what is promised
- [Testing rules and decoders](rule-tests.md)
- [Our integrations and responses as scripts of a Wazuh or OSSEC](build.md)`,
]

const reference = `- [Rules](rules.md) and [decoders](decoders.md): every tag, with examples
- [The starter ruleset](starter-ruleset.md)
- [Settings](settings.md): every option of \`outrider.yaml\`
- [Commands](commands.md)
- [Active response](active-response.md): leases, guards, scripts
- [Differences from Wazuh and OSSEC](differences.md)
- [Architecture](architecture.md)`

/** Paths of pages that were generated once and are no more. */
export function stale(pages: Map<string, string>): string[] {
  return [...pages.keys()]
    .map((path) => dirname(path))
    .filter((folder, i, all) => folder !== '.' && all.indexOf(folder) === i)
    .flatMap((folder) =>
      existsSync(join(docsFolder, folder))
        ? readdirSync(join(docsFolder, folder)).map((name) => `${folder}/${name}`)
        : [],
    )
    .filter((path) => !pages.has(path))
}

/** Paths of pages that are not what they should be. */
export function outdated(pages: Map<string, string>): string[] {
  return [...pages].flatMap(([path, text]) => {
    const file = join(docsFolder, path)
    return existsSync(file) && readFileSync(file, 'utf8') === text ? [] : [path]
  })
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const pages = await makeDocs()
  for (const path of outdated(pages)) {
    mkdirSync(dirname(join(docsFolder, path)), { recursive: true })
    writeFileSync(join(docsFolder, path), pages.get(path)!)
  }
  for (const path of stale(pages)) rmSync(join(docsFolder, path))
}
