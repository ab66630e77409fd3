import { isIP } from 'node:net'
import { header } from './checks.ts'
import { Broken, defineFake } from './define.ts'
import { domain, hash, isKnown, publicAddress, url } from './intel.ts'

const sections: Record<string, (value: string) => string> = {
  IPv4: (value) => sameVersion(publicAddress(value), 4),
  IPv6: (value) => sameVersion(publicAddress(value), 6),
  domain: (value) => domain(value),
  hostname: (value) => domain(value),
  file: (value) => hash(value),
  url: (value) => url(value),
}

function sameVersion(value: string, version: number): string {
  if (isIP(value) !== version) throw new Broken(`${value} is not of IPv${version}`)
  return value
}

export default defineFake({
  name: 'otx',
  source: 'https://otx.alienvault.com/api',
  destinations: (url) => ({ otx: { hook_url: url, api_key: 'fake-key' } }),

  routes: {
    'GET /api/v1/indicators/{section}/{value}/general'(request) {
      header(request, 'x-otx-api-key', 403)
      const { section = '', value = '' } = request.params
      const check = sections[section]
      if (!check) throw new Broken(`there is no section "${section}"`, 404)
      const isBad = isKnown(check(value))
      const pulse = { id: '1', name: 'Fake pulse', adversary: '', tags: ['fake'], malware_families: [] }
      const pulse_info = isBad ? { count: 1, pulses: [pulse] } : { count: 0, pulses: [] }
      const json = {
        indicator: value,
        type: section,
        validation: [],
        pulse_info,
        country_code: 'NL',
        asn: 'AS64500 Fake',
      }
      return { status: 200, json, did: `${section} ${isBad ? 'known' : 'unknown'}` }
    },
  },

  refusal: ({ status, message: detail }) => ({ status, json: { detail } }),
})
