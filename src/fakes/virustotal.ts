import { header } from './checks.ts'
import { defineFake, type FakeRequest } from './define.ts'
import { domain, hash, isKnown, publicAddress, url } from './intel.ts'

const report = (type: string, id: string, value: string, more: object = {}) => {
  if (!isKnown(value))
    return {
      status: 404,
      json: { error: { code: 'NotFoundError', message: `${type} "${id}" not found` } },
      did: `${type} unknown`,
    }
  const last_analysis_stats = { malicious: 12, suspicious: 1, undetected: 50, harmless: 3, timeout: 0 }
  const attributes = { last_analysis_stats, last_analysis_date: 1_700_000_000, reputation: -10, ...more }
  return { status: 200, json: { data: { id, type, attributes } }, did: `${type} known` }
}

const asked = (request: FakeRequest) => {
  header(request, 'x-apikey', 401, 'AuthenticationRequiredError')
  return request.params.value ?? ''
}

export default defineFake({
  name: 'virustotal',
  source: 'https://docs.virustotal.com/reference/overview',
  destinations: (url) => ({ virustotal: { hook_url: url, api_key: 'fake-key' } }),

  routes: {
    'GET /api/v3/files/{value}'(request) {
      const value = hash(asked(request))
      return report('file', value, value, {
        sha1: value.length === 40 ? value : '3395856ce81f2b7382dee72602f798b642f14140',
      })
    },
    'GET /api/v3/ip_addresses/{value}'(request) {
      const value = publicAddress(asked(request))
      return report('ip_address', value, value)
    },
    'GET /api/v3/domains/{value}'(request) {
      const value = domain(asked(request))
      return report('domain', value, value)
    },
    // By base64url without padding.
    'GET /api/v3/urls/{value}'(request) {
      const id = asked(request)
      return report('url', id, url(Buffer.from(id, 'base64url').toString()))
    },
  },

  refusal: ({ status, code, message }) => ({
    status,
    json: { error: { code: code || { 404: 'NotFoundError' }[status] || 'InvalidArgumentError', message } },
  }),
  busy: () => ({ status: 429, json: { error: { code: 'QuotaExceededError', message: 'Quota exceeded' } } }),
  failed: () => ({ status: 503, json: { error: { code: 'TransientError', message: 'Transient server error' } } }),
})
