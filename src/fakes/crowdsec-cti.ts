import { header } from './checks.ts'
import { defineFake } from './define.ts'
import { isKnown, publicAddress } from './intel.ts'

export default defineFake({
  name: 'crowdsec-cti',
  source: 'https://docs.crowdsec.net/u/cti_api/api_introduction/',
  destinations: (url) => ({ 'crowdsec-cti': { hook_url: url, api_key: 'fake-key' } }),

  routes: {
    'GET /v2/smoke/{ip}'(request) {
      header(request, 'x-api-key', 403)
      const ip = publicAddress(request.params.ip ?? '')
      if (!isKnown(ip))
        return { status: 404, json: { message: 'IP address information not found' }, did: `${ip} unknown` }
      const json = {
        ip,
        reputation: 'malicious',
        confidence: 'high',
        background_noise: 'low',
        background_noise_score: 1,
        ip_range_score: 0,
        as_name: 'Fake Hosting',
        location: { country: 'NL' },
        history: { first_seen: '2026-01-01T00:00:00+00:00', last_seen: '2026-02-01T00:00:00+00:00' },
        behaviors: [{ name: 'ssh:bruteforce', label: 'SSH Bruteforce' }],
        attack_details: [{ name: 'crowdsecurity/ssh-bf', label: 'SSH Bruteforce' }],
        classifications: { classifications: [], false_positives: [] },
        cves: [],
        mitre_techniques: [{ name: 'T1110', label: 'Brute Force' }],
        scores: { overall: { aggressiveness: 4, threat: 4, trust: 4, anomaly: 1, total: 4 } },
      }
      return { status: 200, json, did: `${ip} known` }
    },
  },

  refusal: ({ status, message }) => ({ status, json: { message: status === 403 ? 'Forbidden' : message } }),
  busy: () => ({ status: 429, json: { message: 'Too Many Requests' } }),
})
