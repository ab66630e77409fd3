import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Files } from './files.ts'
import { definitions } from './runners/definitions.ts'
import { loadConfig } from './settings.ts'
import { defaultOssecConf, defaultSettings } from './settings-default.ts'

/** Takes `# ` from lines that hold an option or an entry, and leaves sentences alone. */
const withExamples = (yaml: string) => yaml.replace(/^( *)# ( *[a-z][\w-]*:(?: .*)?)$/gm, '$1$2')

/** Ends each comment before its first element, so that the elements count. */
const withBlocks = (xml: string) =>
  xml.replace(/<!--([\s\S]*?)-->/g, (comment, inside: string) => {
    const at = inside.search(/<[a-z]/)
    return at === -1 ? comment : `<!--${inside.slice(0, at)}-->${inside.slice(at)}`
  })

function filesOf(yaml: string, conf: string): Files {
  const all: Record<string, { text: string; mode: number }> = {
    '/o/outrider.yaml': { text: yaml, mode: 0o640 },
    '/o/etc/ossec.conf': { text: conf, mode: 0o640 },
    '/o/etc/github-webhook.secret': { text: 'a generated secret\n', mode: 0o600 },
    '/o/etc/tickets.key': { text: 'a key\n', mode: 0o600 },
    '/o/integrations/custom-example': { text: '', mode: 0o750 },
    '/o/integrations/custom-tickets': { text: '', mode: 0o750 },
  }
  return {
    read(path) {
      if (!all[path]) throw Object.assign(new Error(path), { code: 'ENOENT' })
      return Buffer.from(all[path].text)
    },
    stat: (path) => all[path] && { mode: all[path].mode, isFile: true },
  }
}

const env = { SLACK_HOOK_URL: 'https://hooks.slack.com/services/T000/B000/XXXX' }

test('what is written on the first start is read without a problem', async () => {
  const config = await loadConfig({
    home: '/o',
    definitions,
    env: {},
    files: filesOf(defaultSettings(), defaultOssecConf()),
  })
  assert.deepEqual(config.problems, [])
  assert.deepEqual(
    config.destinations.map(({ name, type }) => [name, type]),
    [['demo', 'webhook']],
  )
  assert.equal(config.destinations[0]!.options.hook_url, `http://127.0.0.1:${config.demo!.port}/`)
  assert.deepEqual(
    config.receivers.map(({ path }) => path),
    ['/webhook/github'],
  )
  assert.deepEqual(
    config.wodles.map(({ tag, interval }) => [tag, interval]),
    [['listening-ports', 60]],
  )
  assert.deepEqual(
    config.ossec.localfiles.map(({ location }) => location),
    ['logs/example.log'],
  )
  assert.deepEqual(config.listen, { host: '127.0.0.1', port: 9750 })
  assert.equal(config.responses.enabled, false)
  assert.deepEqual(config.ossec.responses[0]!.rules_id, [5712, 5763])
  assert.deepEqual(config.secrets, ['a generated secret', 'http://127.0.0.1:9751/'])
})

test('its examples work when their # is taken away', async () => {
  const yaml = withExamples(defaultSettings()).replace('engine: embedded', 'engine: beside')
  const files = filesOf(yaml, withBlocks(defaultOssecConf()))
  const config = await loadConfig({ home: '/o', definitions, env, files })
  assert.deepEqual(config.problems, [])
  assert.equal(config.alerts_file, '/var/ossec/logs/alerts/alerts.json')
  assert.deepEqual(
    config.destinations.map(({ name, type }) => [name, type]),
    [
      ['custom-example', 'script'],
      ['demo', 'webhook'],
      ['soc-slack', 'slack'],
      ['tickets', 'script'],
    ],
  )
  assert.deepEqual(config.responses.never, ['192.0.2.0/24', 'admin'])
})

test('names the schema for editors when it is known', () => {
  assert.match(defaultSettings('/x/s.json'), /^# yaml-language-server: \$schema=\/x\/s\.json\n# Settings/)
  assert.match(defaultSettings(), /^# Settings/)
})
