import { isIP } from 'node:net'
import { header } from './checks.ts'
import { Broken, defineFake, type FakeAnswer, type FakeRequest } from './define.ts'
import { domain, hash, isKnown, url } from './intel.ts'

/** The one field that is asked for. */
function asked(request: FakeRequest, ...names: string[]): [name: string, value: string] {
  header(request, 'auth-key')
  const type = request.headers['content-type'] ?? ''
  if (!type.startsWith('application/x-www-form-urlencoded')) throw new Broken(`content-type is "${type}"`, 415)
  const form = [...new URLSearchParams(request.body.toString())].filter(([name]) => names.includes(name))
  if (form.length !== 1) throw new Broken(`not one of ${names.join(', ')}`, 400)
  return form[0]!
}

function answer(value: string, found: object, none = 'no_results'): FakeAnswer {
  const isBad = isKnown(value)
  return {
    status: 200,
    json: isBad ? { query_status: 'ok', ...found } : { query_status: none },
    did: isBad ? 'known' : 'unknown',
  }
}

const one = {
  id: '1',
  url: 'http://fake.example/malware',
  url_status: 'online',
  threat: 'malware_download',
  tags: ['fake'],
}
const reference = 'https://urlhaus.abuse.ch/url/1/'

export default defineFake({
  name: 'urlhaus',
  source: 'https://urlhaus-api.abuse.ch/',
  destinations: (url) => ({ urlhaus: { hook_url: url, api_key: 'fake-key' } }),

  routes: {
    'POST /v1/url/'(request) {
      const [, value] = asked(request, 'url')
      return answer(url(value), {
        ...one,
        urlhaus_reference: reference,
        date_added: '2026-01-01 00:00:00 UTC',
        payloads: [],
      })
    },
    'POST /v1/host/'(request) {
      const [, value] = asked(request, 'host')
      if (isIP(value) === 0) domain(value)
      return answer(value, {
        host: value,
        url_count: '1',
        urls: [one],
        urlhaus_reference: reference,
        firstseen: '2026-01-01 00:00:00 UTC',
      })
    },
    'POST /v1/payload/'(request) {
      const [name, value] = asked(request, 'md5_hash', 'sha256_hash')
      hash(value, [name === 'md5_hash' ? 32 : 64])
      return answer(value, { file_type: 'exe', signature: 'Fake', url_count: '1', urls: [one] })
    },
  },

  refusal: ({ status, message }) => ({
    status,
    json: { query_status: status === 401 ? 'unauthorized' : 'http_post_expected', message },
  }),
})
