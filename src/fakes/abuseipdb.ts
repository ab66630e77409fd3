import { header } from './checks.ts'
import { Broken, defineFake } from './define.ts'
import { isKnown, publicAddress } from './intel.ts'

export default defineFake({
  name: 'abuseipdb',
  source: 'https://docs.abuseipdb.com/#check-endpoint',
  destinations: (url) => ({ abuseipdb: { hook_url: url, api_key: 'fake-key' } }),

  routes: {
    'GET /api/v2/check'(request) {
      header(request, 'key')
      const address = publicAddress(request.query.get('ipAddress') ?? '', 422)
      const days = Number(request.query.get('maxAgeInDays') ?? 30)
      if (!(Number.isInteger(days) && days >= 1 && days <= 365))
        throw new Broken('The max age in days must be between 1 and 365.', 422)
      const isBad = isKnown(address)
      const data = {
        ipAddress: address,
        isPublic: true,
        abuseConfidenceScore: isBad ? 97 : 0,
        countryCode: 'NL',
        usageType: 'Data Center/Web Hosting/Transit',
        isp: 'Fake Hosting',
        domain: 'fake.example',
        totalReports: isBad ? 42 : 0,
        numDistinctUsers: isBad ? 17 : 0,
        lastReportedAt: isBad ? '2026-01-01T00:00:00+00:00' : null,
        isWhitelisted: false,
        isTor: false,
      }
      return {
        status: 200,
        headers: { 'x-ratelimit-remaining': '999' },
        json: { data },
        did: `${address} ${isBad ? 'known' : 'unknown'}`,
      }
    },
  },

  refusal: ({ status, message }) => ({ status, json: { errors: [{ detail: message, status }] } }),
  busy: (seconds) => ({
    status: 429,
    headers: { 'retry-after': String(seconds), 'x-ratelimit-remaining': '0' },
    json: { errors: [{ detail: 'Daily rate limit of 1000 requests exceeded for this endpoint.', status: 429 }] },
  }),
})
