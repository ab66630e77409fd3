import * as z from 'zod/mini'
import { basic, credential, jsonBody, text } from './checks.ts'
import { Broken, defineFake, type FakeAnswer, type FakeRequest, type Store } from './define.ts'

// https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/: what of it is used for alerts.
const words = z.looseObject({
  type: z.literal('text'),
  text: text(Number.MAX_SAFE_INTEGER),
  marks: z.optional(z.array(z.looseObject({ type: z.string() }))),
})
const inline = z.discriminatedUnion('type', [words, z.looseObject({ type: z.literal('hardBreak') })])
const document = z.looseObject({
  type: z.literal('doc'),
  version: z.literal(1),
  content: z.array(
    z.discriminatedUnion('type', [
      z.looseObject({ type: z.literal('paragraph'), content: z.optional(z.array(inline)) }),
      z.looseObject({ type: z.literal('heading'), attrs: z.looseObject({ level: z.int() }), content: z.array(inline) }),
      // Text in it has no marks.
      z.looseObject({
        type: z.literal('codeBlock'),
        content: z.optional(z.array(z.object({ type: z.literal('text'), text: words.shape.text }))),
      }),
    ]),
  ),
})
const written = { '3': document, '2': text(32_767) }
type Version = keyof typeof written

const fields = (version: Version) =>
  z.looseObject({
    project: z.union([
      z.looseObject({ key: z.string().check(z.regex(/^[A-Z][A-Z0-9_]+$/, 'not a key of a project')) }),
      z.looseObject({ id: z.string() }),
    ]),
    issuetype: z.union([z.looseObject({ name: text(255) }), z.looseObject({ id: z.string() })]),
    summary: text(255).check(z.regex(/^[^\r\n]*$/, 'The summary is invalid because it contains newline characters.')),
    description: z.optional(written[version]),
    labels: z.optional(z.array(text(255).check(z.regex(/^\S+$/, 'a label contains spaces')))),
    priority: z.optional(z.looseObject({ name: text(255) })),
  })

/** Cloud takes an e-mail address and its token, Data Center a personal access token. */
function authorize(request: FakeRequest, version: Version): void {
  if (version === '2') credential(request, 'Bearer')
  else if (!basic(request).user.includes('@')) throw new Broken('the user is not an e-mail address', 401)
}

function checkLength(value: unknown): void {
  const length = typeof value === 'string' ? value.length : textOf(value).length
  if (length > 32_767) throw new Broken(`The entered text is too long: ${length} characters, of 32,767`)
}

function textOf(node: unknown): string {
  const { text: own = '', content = [] } = node as { text?: string; content?: unknown[] }
  return own + content.map(textOf).join('')
}

const create =
  (version: Version) =>
  (request: FakeRequest, store: Store): FakeAnswer => {
    authorize(request, version)
    const issue = jsonBody(request, z.looseObject({ fields: fields(version) })).fields
    if (issue.description !== undefined) checkLength(issue.description)
    const id = store.next()
    const key = `${'key' in issue.project ? issue.project.key : 'FAKE'}-${id}`
    store.made.set(key, {})
    return {
      status: 201,
      json: { id: String(10_000 + id), key, self: `/rest/api/${version}/issue/${10_000 + id}` },
      did: `created ${key}`,
    }
  }

const comment =
  (version: Version) =>
  (request: FakeRequest, store: Store): FakeAnswer => {
    authorize(request, version)
    const { key = '' } = request.params
    if (!store.made.has(key)) throw new Broken('Issue does not exist or you do not have permission to see it.', 404)
    const { body } = jsonBody(request, z.looseObject({ body: written[version] }))
    checkLength(body)
    return { status: 201, json: { id: String(store.next()) }, did: `comment on ${key}` }
  }

const transition =
  (version: Version) =>
  (request: FakeRequest, store: Store): FakeAnswer => {
    authorize(request, version)
    const { key = '' } = request.params
    if (!store.made.has(key)) throw new Broken('Issue does not exist or you do not have permission to see it.', 404)
    const added = z.looseObject({ add: z.looseObject({ body: written[version] }) })
    const given = jsonBody(
      request,
      z.looseObject({
        transition: z.looseObject({ id: z.string().check(z.regex(/^\d+$/, 'not the id of a transition')) }),
        update: z.optional(z.looseObject({ comment: z.optional(z.array(added)) })),
      }),
    )
    for (const { add } of given.update?.comment ?? []) checkLength(add.body)
    return { status: 204, did: `transition ${given.transition.id} of ${key}` }
  }

export default defineFake({
  name: 'jira',
  source: 'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-post',
  destinations: (url) => ({
    jira: { hook_url: url, user: 'soc@example.com', api_key: 'fake-token', project: 'SOC' },
    'jira-data-center': { hook_url: url, api_key: 'fake-access-token', project: 'SOC' },
  }),

  routes: {
    'POST /rest/api/3/issue': create('3'),
    'POST /rest/api/3/issue/{key}/comment': comment('3'),
    'POST /rest/api/3/issue/{key}/transitions': transition('3'),
    'POST /rest/api/2/issue': create('2'),
    'POST /rest/api/2/issue/{key}/comment': comment('2'),
    'POST /rest/api/2/issue/{key}/transitions': transition('2'),
  },

  refusal({ status, message }) {
    const [, field, why] = /^fields\.(\w+)[^:]*: (.*)$/s.exec(message) ?? []
    return {
      status,
      json: field ? { errorMessages: [], errors: { [field]: why } } : { errorMessages: [message], errors: {} },
    }
  },
  busy: (seconds) => ({
    status: 429,
    headers: { 'retry-after': String(seconds), 'x-ratelimit-remaining': '0' },
    json: { errorMessages: ['Rate limit exceeded.'], errors: {} },
  }),
})
