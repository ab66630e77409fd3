import { defineFake } from './define.ts'
import { isKnown, publicAddress } from './intel.ts'

export default defineFake({
  name: 'greynoise',
  source: 'https://docs.greynoise.io/docs/using-the-greynoise-community-api',
  destinations: (url) => ({ greynoise: { hook_url: url, api_key: 'fake-key' }, 'greynoise-free': { hook_url: url } }),

  routes: {
    'GET /v3/community/{ip}'({ params }) {
      const ip = publicAddress(params.ip ?? '')
      const unknown = { ip, noise: false, riot: false, message: 'IP not observed scanning the internet.' }
      if (!isKnown(ip)) return { status: 404, json: unknown, did: `${ip} unknown` }
      const link = `https://viz.greynoise.io/ip/${ip}`
      const json = {
        ip,
        noise: true,
        riot: false,
        classification: 'malicious',
        name: 'unknown',
        link,
        last_seen: '2026-01-01',
        message: 'Success',
      }
      return { status: 200, json, did: `${ip} known` }
    },
  },

  refusal: ({ status, message }) => ({ status, json: { message } }),
  busy: () => ({
    status: 429,
    json: { plan: 'unauthenticated', rate_limit: '10-lookups/day', message: 'You have hit your rate limit.' },
  }),
})
