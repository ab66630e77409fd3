// The real page in a real browser, against the real API over parts that hold plain arrays.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { build } from 'vite'
import { signInUrl } from '../src/api/access.ts'
import { createApi, listen } from '../src/api/server.ts'
import { memoryParts, sampleAlert, silent, token } from '../src/api/testing.ts'
import { launchChromium } from './support/chromium.ts'

const launched = await launchChromium()
const skip = typeof launched === 'string' ? launched : false

describe('console', { skip }, () => {
  const browser = launched as Browser
  const dist = mkdtempSync(join(tmpdir(), 'outrider-console-'))
  before(async () => {
    const root = fileURLToPath(new URL('../src/console', import.meta.url))
    await build({ root, logLevel: 'error', build: { outDir: dist, emptyOutDir: true } })
  })
  after(async () => {
    await browser.close()
    rmSync(dist, { recursive: true })
  })

  /** A signed-in page over fresh parts. At the end no script may have failed and nothing may have broken the page's policy. */
  async function open(
    t: TestContext,
    prepare?: (memory: ReturnType<typeof memoryParts>) => void,
    look?: BrowserContextOptions,
  ) {
    const memory = memoryParts(Date.now)
    prepare?.(memory)
    const app = createApi(memory.parts, { token, hosts: [], console: dist, log: silent, now: Date.now })
    const server = await listen(app, '127.0.0.1', 0)
    assert.ok(server.ok)
    const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...look })
    context.setDefaultTimeout(60_000)
    const page = await context.newPage()
    const faults: string[] = []
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (message) => {
      // The browser itself reports requests that failed or were refused; tests that provoke them look at the page.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        faults.push(message.text())
    })
    let closed = false
    const close = async () => {
      if (!closed) await server.close()
      closed = true
    }
    t.after(async () => {
      await context.close()
      await close()
      assert.deepEqual(faults, [])
    })
    await page.goto(signInUrl(server.url, token))
    await page.locator('.connection.live').waitFor()
    return { ...memory, app, page, context, server, close, faults }
  }

  const rows = (page: Page) => page.locator('.rows [role=option]')
  const descriptions = (page: Page) => page.locator('.rows .description').allTextContents()
  const tell = (page: Page, count: number) =>
    page.waitForFunction((n) => document.querySelectorAll('.rows [role=option]').length === n, count)

  test('the token leaves the address bar, and the next visit needs none', async (t) => {
    const { page, server } = await open(t)
    assert.equal(page.url(), `${server.url}/`)
    assert.equal(await page.evaluate(() => document.cookie), '', 'scripts cannot read the cookie')
    await page.goto(server.url)
    await page.locator('.connection.live').waitFor()
  })

  test('an empty page tells the next step', async (t) => {
    const { page } = await open(t)
    assert.equal(await page.locator('.nothing pre').textContent(), 'npx outrider send github --event push')
  })

  test('alerts appear as they happen, newest on top', async (t) => {
    const { page, feed } = await open(t, ({ feed }) => feed.push(sampleAlert({ rule: { description: 'before' } })))
    assert.deepEqual(await descriptions(page), ['before'])
    feed.push(sampleAlert({ rule: { description: 'live', level: 12 } }))
    await page.getByText('live', { exact: true }).last().waitFor()
    await tell(page, 2)
    assert.deepEqual(await descriptions(page), ['live', 'before'])
  })

  test('filters by level and by words, also what comes later', async (t) => {
    const { page, feed } = await open(t, ({ feed }) => {
      feed.push(sampleAlert({ rule: { description: 'low', level: 3 } }))
      feed.push(sampleAlert({ rule: { description: 'brute force', level: 10 }, data: { srcip: '203.0.113.7' } }))
      feed.push(
        sampleAlert({ rule: { description: 'brute force elsewhere', level: 10 }, data: { srcip: '198.51.100.9' } }),
      )
    })
    await tell(page, 3)
    await page.getByLabel('Least level').selectOption('10')
    await tell(page, 2)
    await page.keyboard.press('/')
    await page.keyboard.type('force !198.51')
    await tell(page, 1)
    assert.deepEqual(await descriptions(page), ['brute force'])

    feed.push(sampleAlert({ rule: { description: 'nothing of that', level: 15 } }))
    feed.push(sampleAlert({ rule: { description: 'more force', level: 11 } }))
    await tell(page, 2)
    assert.deepEqual(await descriptions(page), ['more force', 'brute force'])

    await page.getByLabel('Filter by words').fill('occurs nowhere')
    await page.getByRole('button', { name: 'Show all' }).click()
    await tell(page, 5)
  })

  test('pause holds the list still and counts', async (t) => {
    const { page, feed } = await open(t, ({ feed }) => feed.push(sampleAlert()))
    await tell(page, 1)
    await page.keyboard.press('p')
    for (let n = 0; n < 3; n++) feed.push(sampleAlert())
    await page.getByRole('button', { name: 'Resume · 3 new' }).click()
    await tell(page, 4)
  })

  test('a click shows the whole alert, Escape closes it, a value filters', async (t) => {
    const { page } = await open(t, ({ feed }) => {
      feed.push(sampleAlert({ rule: { description: 'other' } }))
      feed.push(
        sampleAlert({
          rule: {
            description: 'brute force',
            mitre: {
              id: ['T1110.001', 'bad/../id'],
              tactic: ['Credential Access'],
              technique: ['Password Guessing', 'x'],
            },
          },
          data: { srcip: '198.51.100.77', nested: { deep: 'value' } },
          full_log: 'line one\n  line two',
        }),
      )
    })
    await page.getByText('brute force').click()
    const detail = page.getByLabel('Alert', { exact: true })
    assert.equal(await detail.locator('pre.log').first().textContent(), 'line one\n  line two')
    const names = await detail.locator('dt').allTextContents()
    assert.deepEqual(names.slice(0, 2), ['data.srcip', 'data.nested.deep'])
    const links = detail.locator('a')
    assert.equal(await links.count(), 1, 'only a well-formed id becomes a link')
    assert.equal(await links.getAttribute('href'), 'https://attack.mitre.org/techniques/T1110/001/')

    await detail.getByRole('button', { name: '198.51.100.77', exact: true }).click()
    await tell(page, 1)
    assert.equal(await page.getByLabel('Filter by words').inputValue(), '198.51.100.77')
    await page.keyboard.press('Escape')
    await detail.waitFor({ state: 'detached' })
  })

  test('only rows in view exist; keys walk through all of them', async (t) => {
    const { page, feed } = await open(t, ({ feed }) => {
      for (let n = 0; n < 1000; n++) feed.push(sampleAlert({ rule: { description: `alert ${n}` } }))
    })
    for (let n = 1000; n < 4000; n++) feed.push(sampleAlert({ rule: { description: `alert ${n}` } }))
    await page.getByText('alert 3999', { exact: true }).waitFor()
    assert.ok((await rows(page).count()) < 60)
    await page.getByRole('listbox').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('j')
    await page.locator('[aria-selected=true]', { hasText: 'alert 3998' }).waitFor()
    assert.equal(await page.getByRole('heading', { name: 'alert 3998' }).count(), 1)
    await page.keyboard.press('End')
    await page.locator('[aria-selected=true]', { hasText: /alert 0$|alert 0\D/ }).waitFor()
    assert.ok((await rows(page).count()) < 60)

    // Who reads further down is not moved by what comes in above.
    const read = () => page.locator('[aria-selected=true]').boundingBox()
    const at = await read()
    feed.push(sampleAlert({ rule: { description: 'on top' } }))
    await page.waitForFunction(() => document.querySelector('[role=option]')?.getAttribute('aria-setsize') === '4001')
    assert.equal((await read())!.y, at!.y)
    await page.getByRole('button', { name: 'newest' }).click()
    await page.getByText('on top').waitFor()
  })

  test('text from outside is never markup', async (t) => {
    const attack = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\'"`$'
    const { page, faults } = await open(t, (memory) => {
      memory.feed.push(
        sampleAlert({
          rule: {
            description: attack,
            groups: [attack],
            mitre: { id: [`javascript:${attack}`], tactic: [attack], technique: [attack] },
          },
          data: { srcip: attack, [attack]: attack },
          agent: { id: attack, name: attack },
          full_log: attack,
        }),
      )
      memory.destinations.push({
        name: attack,
        type: attack,
        state: 'paused',
        waiting: 1,
        rejected: 1,
        delivered: 0,
        lag_bytes: 0,
        reason: attack,
      })
      const time = { created: 0, since: 0, until: Date.now() + 60_000 }
      const match = { where: attack }
      memory.silences.push({
        id: attack,
        match,
        what: attack,
        state: 'in force',
        ...time,
        by: attack,
        reason: attack,
        held: { [attack]: 1 },
      })
      memory.problems.push({ severity: 'error', file: attack, line: 1, message: attack, hint: attack })
      memory.refusals.push({ at: Date.now(), response: attack, key: attack, guard: attack, reason: attack })
      memory.deliveries.push({
        id: attack,
        destination: attack,
        state: 'rejected',
        alert: { id: attack, rule: attack, level: 5, description: attack, timestamp: attack },
        attempts: 1,
        since: 0,
        reason: attack,
        request: attack,
        answer: attack,
      })
      memory.blocks.push({
        id: attack,
        response: attack,
        key: attack,
        state: 'failed',
        dry_run: true,
        since: 0,
        why: attack,
        by: attack,
        reason: attack,
      })
    })
    await tell(page, 1)
    await rows(page).click()
    assert.equal(await page.locator('.detail pre.log').first().textContent(), attack)
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await page.locator('.deliveries summary').click()
    await page.locator('.deliveries pre').first().waitFor()

    assert.equal(await page.locator('#app img, #app script').count(), 0)
    assert.equal(await page.evaluate(() => 'hacked' in window), false)
    // And if the page had a fault: the browser would refuse.
    const reported = page.waitForEvent('console')
    const refused = await page.evaluate(() => {
      try {
        document.body.innerHTML = '<b>x</b>'
        return ''
      } catch (error) {
        return (error as Error).name
      }
    })
    assert.equal(refused, 'TypeError')
    await reported
    assert.match(faults.pop()!, /TrustedHTML/)
  })

  test('undo asks for a reason and passes it on', async (t) => {
    const { page, actions } = await open(t, ({ blocks }) =>
      blocks.push({
        id: 'lease/7',
        response: 'firewall-drop',
        key: '203.0.113.7',
        state: 'in force',
        dry_run: false,
        since: Date.now() - 60_000,
        until: Date.now() + 600_000,
        why: 'rule 5712: brute force',
        by: 'rule 5712',
      }),
    )
    await page.locator('.countdown', { hasText: /^(9|10):\d\d$/ }).waitFor()
    await page.getByRole('button', { name: 'Undo the block of 203.0.113.7' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Undo' }).click()
    assert.equal(await dialog.isVisible(), true, 'no reason, no undo')
    assert.deepEqual(actions, [])
    await page.keyboard.type('office address')
    await page.keyboard.press('Enter')
    await page.getByText('Nothing is blocked.').waitFor()
    assert.equal(await dialog.count(), 0)
    assert.deepEqual(actions, [{ action: 'remove', id: 'lease/7', reason: 'office address', by: 'console' }])
  })

  test('a block by hand starts from an alert; what a guard refuses is said in the dialog', async (t) => {
    const { page, actions, blocks, hosts } = await open(t, ({ feed }) =>
      feed.push(sampleAlert({ data: { srcip: '127.0.0.1' } })),
    )
    await tell(page, 1)
    await rows(page).click()
    await page.getByRole('button', { name: 'Block 127.0.0.1 …' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Block' }).click()
    await dialog.getByText('refused by guard "loopback"').waitFor()
    await dialog.getByLabel('What').fill('203.0.113.7')
    await dialog.locator('[name=seconds]').selectOption('600')
    await dialog.getByRole('button', { name: 'Block' }).click()
    await page.locator('.name.mono', { hasText: '203.0.113.7' }).waitFor()
    const reason = 'alert 1795255200.100: sshd: authentication failed'
    assert.deepEqual(actions, [
      { action: 'add', seconds: 600, response: 'firewall-drop', key: '203.0.113.7', reason, by: 'console' },
    ])

    const until = blocks[0]!.until!
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Extend the block of 203.0.113.7' }).click()
    await dialog.getByLabel('Reason').fill('still at it')
    await dialog.getByRole('button', { name: 'Extend' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.equal(blocks[0]!.until, until + 3600_000)

    hosts.push('web-1')
    await page.reload()
    await page.locator('.connection.live').waitFor()
    await page.getByRole('button', { name: 'Block …', exact: true }).click()
    await dialog.getByLabel('What').fill('203.0.113.8')
    await dialog.getByLabel('Where').selectOption('web-1')
    await dialog.getByLabel('Reason').fill('there')
    await dialog.getByRole('button', { name: 'Block' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.equal((actions.at(-1) as { host?: string }).host, 'web-1')
  })

  test('what waits for approval stands first, and is answered with a reason', async (t) => {
    const common = { response: 'firewall-drop', dry_run: false, since: Date.now(), why: 'rule 5712', by: 'rule 5712' }
    const reason = 'waits for approval: more than 60 new ones within a minute'
    const asks = { until: Date.now() + 300_000, seconds: 600 }
    const { page, actions } = await open(t, ({ blocks }) =>
      blocks.push(
        { ...common, id: 'a', key: '203.0.113.1', state: 'in force', until: Date.now() + 60_000 },
        { ...common, id: 'b', key: '203.0.113.2', state: 'planned', reason, asks },
        { ...common, id: 'c', key: '203.0.113.3', state: 'planned', reason, asks, host: 'web-1' },
      ),
    )
    await page.getByText('waits for approval: more than 60').first().waitFor()
    const keys = page.locator('.item .name.mono')
    assert.deepEqual(await keys.allTextContents(), ['203.0.113.2', '203.0.113.3', '203.0.113.1'])
    await page.getByText('firewall-drop on web-1').waitFor()
    await page
      .getByText(/^[45]:\d\d to answer$/)
      .first()
      .waitFor()
    assert.equal(await page.getByRole('button', { name: 'Undo the block of 203.0.113.2' }).count(), 0)

    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'Approve the block of 203.0.113.2' }).click()
    await dialog.getByRole('button', { name: 'Approve' }).click()
    assert.deepEqual(actions, [], 'no reason, no answer')
    await dialog.getByLabel('Reason').fill('a scanner')
    await dialog.getByRole('button', { name: 'Approve' }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Refuse the block of 203.0.113.3' }).click()
    await dialog.getByLabel('Reason').fill('a customer')
    await dialog.getByRole('button', { name: 'Refuse' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.deepEqual(actions, [
      { action: 'answer', id: 'b', approve: true, reason: 'a scanner', by: 'console' },
      { action: 'answer', id: 'c', approve: false, reason: 'a customer', by: 'console' },
    ])

    await page.getByRole('button', { name: 'Refuse all …' }).click()
    const opened = Date.now()
    await dialog.getByText('Refuse all 2 that wait?').waitFor()
    await dialog.getByLabel('Reason').fill('a test')
    await dialog.getByRole('button', { name: 'Refuse all' }).click()
    await dialog.waitFor({ state: 'detached' })
    const { until, ...all } = actions.at(-1) as unknown as { until: number }
    assert.deepEqual(all, { action: 'answerAll', approve: false, reason: 'a test', by: 'console' })
    assert.ok(until <= opened, 'what comes while the reason is written is not answered')
  })

  test('history, refusals and changes by hand are one click away', async (t) => {
    const { page } = await open(t, ({ history, refusals, audit }) => {
      const at = Date.now() - 3600_000
      const past = { id: 'p1', response: 'firewall-drop', key: '203.0.113.9', hits: 3, by: 'rule 5712' } as const
      const undone = 'removed by cli:root: office'
      history.push({ ...past, state: 'ended', since: at, ended: at + 600_000, why: 'brute force', reason: undone })
      refusals.push({
        at,
        response: 'firewall-drop',
        key: '192.0.2.1',
        guard: 'gateway',
        reason: 'the gateway of eth0',
      })
      audit.push({ at, by: 'cli:root', what: 'removed', lease: 'p1', target: '203.0.113.9', reason: 'office' })
    })
    await page.getByRole('button', { name: 'History' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('asked for 3 times').waitFor()
    await dialog.getByText('removed by cli:root: office').waitFor()
    await dialog.getByRole('tab', { name: 'Refused' }).click()
    await dialog.getByText('the gateway of eth0').waitFor()
    assert.equal(await dialog.getByText('203.0.113.9').count(), 0)
    await dialog.getByRole('tab', { name: 'Changes by hand' }).click()
    await dialog.getByText('cli:root removed 203.0.113.9').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  })

  test('the list of what is allowed: added with a reason and an end, and removed', async (t) => {
    const { page, actions, allowed } = await open(t)
    await page.getByRole('button', { name: 'Allowed' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Nothing was allowed by hand.').waitFor()
    await dialog.getByLabel('What').fill('203.0.113.0/24')
    await dialog.locator('[name=seconds]').selectOption('86400')
    await dialog.getByRole('button', { name: 'Allow', exact: true }).click()
    assert.deepEqual(allowed, [], 'no reason, no entry')
    await dialog.getByLabel('Reason').fill('pentest')
    await dialog.getByRole('button', { name: 'Allow', exact: true }).click()
    await dialog.locator('.countdown', { hasText: /^2[34]:/ }).waitFor()
    const [{ entry, reason, by } = { entry: '', reason: '', by: '' }] = allowed
    assert.deepEqual([entry, reason, by], ['203.0.113.0/24', 'pentest', 'console'])
    await dialog.locator('[name=entry]:placeholder-shown').waitFor() // ready for the next

    await dialog.getByRole('button', { name: 'Remove 203.0.113.0/24' }).click()
    await dialog.getByLabel('Reason to remove 203.0.113.0/24').fill('over')
    await page.keyboard.press('Enter')
    await dialog.getByText('Nothing was allowed by hand.').waitFor()
    assert.deepEqual(actions, [{ action: 'disallow', entry: '203.0.113.0/24', reason: 'over', by: 'console' }])
  })

  test('a storm is told of at its destination', async (t) => {
    const { page } = await open(t, ({ destinations }) => {
      const common = { type: 'slack', state: 'ok' as const, waiting: 0, rejected: 0, delivered: 7, lag_bytes: 0 }
      destinations.push({ name: 'soc', ...common, storm_since: Date.now() - 12 * 60_000 })
    })
    await page.getByText('7 delivered · storm for 12 min: summaries').waitFor()
  })

  test('a silence starts from an alert, is refused in the dialog, is seen and ended', async (t) => {
    const { page, actions } = await open(t, ({ feed, destinations }) => {
      const agent = { id: '001', name: 'web-01' }
      feed.push(sampleAlert({ agent, data: { srcip: '203.0.113.7' } }))
      destinations.push({
        name: 'soc',
        type: 'slack',
        state: 'ok',
        waiting: 0,
        rejected: 0,
        delivered: 1,
        lag_bytes: 0,
      })
    })
    await tell(page, 1)
    await page.getByText('Nothing is silenced.').waitFor()
    await rows(page).click()
    await page.locator('.detail').getByRole('button', { name: 'Silence …' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Source addresses').fill('')
    await dialog.getByLabel('Expression').fill('rule.level >')
    await dialog.getByRole('button', { name: 'Silence' }).click()
    await dialog.getByText('where: unexpected end (column 13)').waitFor()
    await dialog.getByLabel('Expression').fill('')
    await dialog.getByLabel('Destination').selectOption('soc')
    await dialog.getByRole('button', { name: 'Silence' }).click()
    await page.locator('.name.mono', { hasText: 'rule 5716, agent web-01, destination soc' }).waitFor()
    await page.getByText('nothing held back yet').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'End silence 1' }).click()
    await dialog.getByLabel('Reason').fill('done')
    await dialog.getByRole('button', { name: 'End' }).click()
    await page.getByText('Nothing is silenced.').waitFor()
    const reason = 'alert 1795255200.100: sshd: authentication failed'
    const match = { rules: ['5716'], agents: ['web-01'], destinations: ['soc'] }
    assert.deepEqual(actions, [
      { action: 'silence', ...match, seconds: 3600, reason, by: 'console' },
      { action: 'end silence', id: '1', reason: 'done', by: 'console' },
    ])
  })

  test('a silence that starts from an alert holds back nothing that a stranger has added', async (t) => {
    const { page, actions } = await open(t, ({ feed }) => {
      const agent = { id: '007', name: '001' }
      feed.push(sampleAlert({ agent, data: { srcip: `203.0.113.7,${' '.repeat(200)}0.0.0.0/0` } }))
    })
    await tell(page, 1)
    await rows(page).click()
    await page.locator('.detail').getByRole('button', { name: 'Silence …' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Silence' }).click()
    await dialog.waitFor({ state: 'detached' })
    const { rules, agents, sources } = actions[0] as unknown as Record<string, unknown>
    assert.deepEqual([rules, agents, sources], [['5716'], ['007'], undefined])
  })

  test('destinations show what waits and why, and can be retried', async (t) => {
    const { page, actions } = await open(t, ({ destinations, deliveries }) => {
      destinations.push({
        name: 'soc slack',
        type: 'slack',
        state: 'retrying',
        waiting: 37,
        waiting_since: Date.now() - 12 * 60_000,
        next_try: Date.now() + 300_000,
        rejected: 0,
        delivered: 1284,
        lag_bytes: 0,
        reason: 'HTTP 503',
      })
      deliveries.push({
        id: 'd1',
        destination: 'soc slack',
        state: 'waiting',
        alert: { id: '1.1', rule: '5716', level: 5, description: 'failed', timestamp: '' },
        attempts: 3,
        since: Date.now() - 12 * 60_000,
        reason: 'HTTP 503',
        request: 'POST https://hooks.slack.com/services/***',
      })
    })
    await page.getByText('37 waiting for 12 min').waitFor()
    await page.getByText('next try in').waitFor()
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.getByText('1 tried again').waitFor()

    await page.getByRole('button', { name: 'Show', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('request and answer').click()
    await dialog.getByText('POST https://hooks.slack.com').waitFor()
    await dialog.getByRole('button', { name: 'Drop …' }).click()
    await dialog.getByLabel('Reason').fill('too old')
    await dialog.getByRole('button', { name: 'Drop', exact: true }).click()
    await dialog.getByText('Nothing waits').waitFor()
    assert.deepEqual(actions, [
      { action: 'retryAll', destination: 'soc slack', by: 'console' },
      { action: 'drop', id: 'd1', reason: 'too old', by: 'console' },
    ])
  })

  test('says when Outrider is gone, and goes on where it was when it is back', async (t) => {
    const { page, feed, app, server, close } = await open(t, ({ feed }) => feed.push(sampleAlert({ id: '1' })))
    await tell(page, 1)
    await close()
    await page.locator('.connection.lost').waitFor()
    feed.push(sampleAlert({ id: '2', rule: { description: 'while away' } }))
    const again = await listen(app, '127.0.0.1', Number(new URL(server.url).port))
    assert.ok(again.ok)
    t.after(() => again.close())
    await page.getByText('while away').waitFor()
    await page.locator('.connection.live').waitFor()
    await tell(page, 2)
  })

  test('says what to do when the cookie is gone', async (t) => {
    const { page, context } = await open(t)
    await context.clearCookies()
    await page.getByRole('heading', { name: 'Signed out' }).waitFor()
  })

  test('problems of the configuration stand on top with place and mend', async (t) => {
    const { page } = await open(t, ({ problems }) => {
      problems.push({
        severity: 'warning',
        file: 'outrider.yaml',
        line: 18,
        message: 'unknown option "chanel"',
        hint: 'did you mean "channel"?',
      })
      problems.push({ severity: 'error', file: 'etc/ossec.conf', line: 0, message: 'not closed' })
    })
    await page.getByText('1 error and 1 warning').waitFor()
    const items = await page.locator('.problems li').allTextContents()
    assert.match(items[0]!, /^erroretc\/ossec\.conf not closed$/)
    assert.match(items[1]!, /outrider\.yaml:18 .*hint: did you mean "channel"\?$/)
  })

  test('fits a phone, in light and dark', async (t) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await open(
        t,
        ({ feed, destinations }) => {
          feed.push(
            sampleAlert({
              rule: { description: 'x'.repeat(200) },
              full_log: 'y'.repeat(500),
              data: { srcip: '2001:db8:85a3::8a2e:370:7334' },
            }),
          )
          destinations.push({
            name: 'z'.repeat(80),
            type: 'slack',
            state: 'ok',
            waiting: 3,
            rejected: 0,
            delivered: 0,
            lag_bytes: 0,
          })
        },
        { viewport: { width: 360, height: 740 }, colorScheme, hasTouch: true },
      )
      await tell(page, 1)
      const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      assert.equal(await overflow(), 0)
      await rows(page).tap()
      await page.getByLabel('Alert', { exact: true }).waitFor()
      assert.equal(await overflow(), 0)
      const [text, page_] = await page.evaluate(() => {
        const style = getComputedStyle(document.documentElement)
        return [style.color, style.backgroundColor].map((color) => Number(/\d+/.exec(color)![0]))
      })
      assert.equal(text! < page_!, colorScheme === 'light')
    }
  })
})
