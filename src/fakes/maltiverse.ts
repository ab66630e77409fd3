import { credential } from './checks.ts'
import { defineFake, type FakeAnswer, type FakeRequest } from './define.ts'
import { domain, hash, isKnown, publicAddress } from './intel.ts'

function report(request: FakeRequest, type: string, value: string): FakeAnswer {
  credential(request, 'Bearer')
  if (!isKnown(value))
    return { status: 404, json: { status: 'fail', message: `${type} not found` }, did: `${type} unknown` }
  const json = {
    type,
    classification: 'malicious',
    blacklist: [
      {
        description: 'Fake',
        source: 'Fake list',
        count: 1,
        first_seen: '2026-01-01 00:00:00',
        last_seen: '2026-02-01 00:00:00',
      },
    ],
    creation_time: '2026-01-01 00:00:00',
    modification_time: '2026-02-01 00:00:00',
    tag: ['fake'],
  }
  return { status: 200, json, did: `${type} known` }
}

const sample = (length: number) => (request: FakeRequest) =>
  report(request, 'sample', hash(request.params.value ?? '', [length]))

export default defineFake({
  name: 'maltiverse',
  source: 'https://app.swaggerhub.com/apis-docs/maltiverse/api/',
  destinations: (url) => ({ maltiverse: { hook_url: url, api_key: 'fake-key' } }),

  routes: {
    'GET /sample/{value}': sample(64),
    'GET /sample/md5/{value}': sample(32),
    'GET /sample/sha1/{value}': sample(40),
    'GET /ip/{value}': (request) => report(request, 'ip', publicAddress(request.params.value ?? '')),
    'GET /hostname/{value}': (request) => report(request, 'hostname', domain(request.params.value ?? '')),
    // By SHA-256 of the URL.
    'GET /url/{value}': (request) => report(request, 'url', hash(request.params.value ?? '', [64])),
  },

  refusal: ({ status, message }) => ({ status, json: { status: 'fail', message } }),
})
