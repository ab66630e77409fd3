import { busy, documentRoutes, refusal } from './bulk.ts'
import { anyCredential } from './checks.ts'
import { defineFake } from './define.ts'

export default defineFake({
  name: 'elasticsearch',
  source: 'https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk',
  destinations: (url) => ({ elasticsearch: { hook_url: url, api_key: 'ZmFrZTpmYWtl' } }),
  routes: documentRoutes((request) => anyCredential(request, ['ApiKey', 'Basic', 'Bearer'])),
  refusal,
  busy,
})
