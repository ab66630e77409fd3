import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import routeNull from './route-null.ts'
import { actorOf, inNamespace, keepsItsPromises, tool } from './test-kit.ts'

if (inNamespace(fileURLToPath(import.meta.url), [])) {
  before(() => {
    for (const args of ['link set lo up', 'route add blackhole 192.0.2.0/24', 'route add default dev lo'])
      tool(['ip', ...args.split(' ')])
  })
  const routes = () =>
    ['-4', '-6'].flatMap((family) => {
      const listed = tool(['ip', '-json', family, 'route', 'show', 'type', 'blackhole'])
      return (JSON.parse(listed) as { dst: string }[]).map(({ dst }) => dst)
    })

  test('keeps its promises, and leaves the administrator’s routes alone', async () => {
    const actor = actorOf(routeNull, {})
    await keepsItsPromises(actor, ['203.0.113.5', '2001:db8::5', '198.51.100.0/24', '2001:db8:1::/48'], routes)
    assert.deepEqual(routes(), ['192.0.2.0/24'])
  })

  test('nothing goes to the address any more', async () => {
    const reach = () => tool(['ip', 'route', 'get', '203.0.113.5'])
    reach()
    const actor = actorOf(routeNull, {})
    await actor.add([{ key: '203.0.113.5', seconds: 60 }])
    assert.throws(reach, /Invalid argument/)
    await actor.remove(['203.0.113.5'])
    reach()
  })
}
