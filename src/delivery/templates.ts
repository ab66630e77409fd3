/** A destination's own words: `title:` and `body:` in Liquid, over the fields of the alert. Definitions escape what comes out for their medium. */
import type { Destination } from '../config.ts'
import type { Presentation, TemplateScope } from './attempt.ts'

const alert = {
  timestamp: '2024-01-15T10:30:45.123+0000',
  id: '1705314645.98',
  rule: { level: 5, id: '5760', description: 'sshd: authentication failed.', groups: ['syslog', 'sshd'] },
  agent: { id: '001', name: 'web-01' },
  full_log: 'Failed password for root from 203.0.113.9',
  data: { srcip: '203.0.113.9' },
}

const sample: TemplateScope = {
  ...alert,
  alert,
  severity: 'low',
  source_address: '203.0.113.9',
  more: 2,
  late: '',
  resolved: false,
  default_title: 'Level 5: sshd: authentication failed. (web-01)',
  default_body: 'Agent: web-01',
}

/** @throws an Error that names the option and what is wrong in it */
export async function presentationOf({ title, body, language, timezone }: Destination): Promise<Presentation> {
  const style: Presentation = { language, timezone }
  if (title === undefined && body === undefined) return style
  // Loaded only where it is used: it is large.
  const { Liquid } = await import('liquidjs')
  const engine = new Liquid({
    strictFilters: true,
    ownPropertyOnly: true,
    // No files: an {% include %} finds nothing.
    templates: {},
    // A template is written by a person, but loops over what an attacker sends.
    parseLimit: 100_000,
    renderLimit: 100,
    memoryLimit: 10_000_000,
  })
  for (const [option, source] of [
    ['title', title],
    ['body', body],
  ] as const) {
    if (source === undefined) continue
    try {
      const template = engine.parse(source)
      const render = (scope: TemplateScope): string => engine.renderSync(template, scope)
      render(sample)
      style[option] = render
    } catch (error) {
      throw new Error(`${option}: ${(error as Error).message.split('\n')[0]}`)
    }
  }
  return style
}
