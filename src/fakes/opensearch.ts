import { busy, documentRoutes, refusal } from './bulk.ts'
import { anyCredential } from './checks.ts'
import { defineFake } from './define.ts'

export default defineFake({
  name: 'opensearch',
  source: 'https://docs.opensearch.org/latest/api-reference/document-apis/bulk/',
  destinations: (url) => ({ opensearch: { hook_url: url, user: 'wazuh', api_key: 'fake-password' } }),
  routes: documentRoutes((request) => anyCredential(request, ['Basic', 'Bearer'])),
  refusal,
  busy,
})
