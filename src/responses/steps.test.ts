import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HttpRequest, NotNow, type Step, type TlsOptions } from '../define.ts'
import { runSteps, type StepContext } from './steps.ts'

function context(change: Partial<StepContext> = {}): StepContext {
  return { deadline_ms: 10_000, http: () => Promise.reject(new Error('no network in this test')), ...change }
}

test('where a program is missing, what is said for that is done', async () => {
  const steps: Step[] = [
    { argv: ['no-such-program-7411'], missing: () => [{ argv: ['echo', 'instead'] }] },
    { argv: ['echo', 'first'], missing: () => [{ argv: ['echo', 'not this'] }] },
  ]
  assert.deepEqual(await runSteps(steps, context()), { ok: true, outputs: ['instead\n', 'first\n'] })
  const failed = await runSteps([{ argv: ['no-such-program-7411'] }], context())
  assert.equal(!failed.ok && failed.kind, 'hopeless')
})

test('an exit code can be fine', async () => {
  const step: Step = { argv: ['sh', '-c', 'echo out; exit 3'] }
  assert.equal((await runSteps([step], context())).ok, false)
  assert.deepEqual(await runSteps([{ ...step, fine: [3] }], context()), { ok: true, outputs: ['out\n'] })
})

test('a program that fails is not one that is missing', async () => {
  const step: Step = { argv: ['false'], missing: () => [{ argv: ['echo', 'not this'] }] }
  const result = await runSteps([step], context())
  assert.equal(!result.ok && result.kind, 'failed')
})

test('a request is signed when it is sent, and certificates are checked as the options say', async () => {
  const sent: { request: HttpRequest; tls?: TlsOptions }[] = []
  const http: StepContext['http'] = (request, _, tls) => {
    sent.push({ request, ...(tls && { tls }) })
    return Promise.resolve({ status: 200, headers: {}, text: '' })
  }
  const tls = { ca_file: '/etc/ca.pem' }
  const before = Date.now()
  await runSteps(
    [{ url: 'https://a.example/', at: (now) => ({ headers: { 'x-time': String(now) } }) }],
    context({ http, tls }),
  )
  const [{ request, ...rest }] = sent as [(typeof sent)[0]]
  const time = Number(request.headers!['x-time'])
  assert.ok(time >= before && time <= Date.now())
  assert.deepEqual(request, { url: 'https://a.example/', headers: { 'x-time': String(time) } })
  assert.deepEqual(rest, { tls })
})

test('tells what another try at once could mend from what it could not', async () => {
  const kindOf = async (change: Partial<StepContext>, step: Partial<Step> = {}) => {
    const result = await runSteps([{ url: 'https://a.example/', ...step } as Step], context(change))
    return result.ok ? 'ok' : result.kind
  }
  const answers = (status: number) => ({ http: () => Promise.resolve({ status, headers: {}, text: 'no' }) })
  assert.equal(await kindOf({}), 'not now')
  for (const [status, kind] of [
    [200, 'ok'],
    [400, 'failed'],
    [404, 'failed'],
    [401, 'hopeless'],
    [403, 'hopeless'],
    [429, 'not now'],
    [503, 'not now'],
  ] as const)
    assert.equal(await kindOf(answers(status)), kind, String(status))
  assert.equal(await kindOf(answers(404), { fine: [404] } as Partial<Step>), 'ok')
  const next = () => {
    throw new NotNow('too many')
  }
  assert.equal(await kindOf(answers(200), { next } as Partial<Step>), 'not now')
})
