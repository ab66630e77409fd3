import * as z from 'zod/mini'
import { defineResponse, type HttpRequest, type HttpStep, NothingToDo } from '../define.ts'
import { httpUrl, jsonOf, secretText, textOption } from '../integrations/options.ts'
import { accountIn } from '../wazuh/execd.ts'
import { signInName } from './keys.ts'

const id = z.string().check(z.regex(/^[\w.-]{1,100}$/))

const options = z.object({
  tenant_id: id.check(z.describe('Directory (tenant) id, or a domain of the tenant.')),
  client_id: id.check(z.describe('Application (client) id of an app registration.')),
  client_secret: secretText('Client secret of the app registration.'),
  group_id: id.check(
    z.describe(
      'Object id of a security group that holds the users whom Outrider has disabled; nothing else may use it.',
    ),
  ),
  domain: textOption('What follows the @ of user names that come without it.'),
  never: z
    ._default(z.array(z.string().check(z.minLength(1))), [])
    .check(
      z.describe('Users who are never disabled: administrators, and those for emergencies. Capitals do not count.'),
    ),
  revoke_sessions: z
    ._default(z.boolean(), true)
    .check(z.describe('Also end the sessions that are open: refresh tokens are void from then on.')),
  url: z._default(
    httpUrl('Address of Microsoft Graph; another one in national clouds.'),
    'https://graph.microsoft.com',
  ),
  login_url: z._default(
    httpUrl('Address of the sign-in service; another one in national clouds.'),
    'https://login.microsoftonline.com',
  ),
  ca_file: textOption("PEM file with the authority that signed the server's certificate."),
})

type Options = z.infer<typeof options>

/**
 * As an application, with the permissions User.Read.All, User.EnableDisableAccount.All, User.RevokeSessions.All and GroupMember.ReadWrite.All. For users who are
 * administrators themselves it needs a directory role as well; those who come from an Active Directory on premises can only be disabled there.
 *
 * The group is the book of those whom we disabled: who was disabled before we came is left as it is, so that undoing cannot open what an administrator has closed. A
 * user joins first, so that after a crash it is known to be ours.
 */
export default defineResponse({
  name: 'entra',
  summary: 'Disables a user in Microsoft Entra ID (Azure AD), and ends the sessions.',
  docs: 'https://learn.microsoft.com/en-us/graph/api/user-update?view=graph-rest-1.0',
  options,
  example: {
    tenant_id: '8eaef023-2b34-4da1-9baa-8bc8c9d6a490',
    client_id: '00001111-aaaa-2222-bbbb-3333cccc4444',
    client_secret: 'qWgdYAmab0YSkuL1qKv5bPX',
    group_id: '02bd9fd6-8f93-4758-87c3-1fb73740a315',
    domain: 'example.com',
    never: ['break-glass@example.com'],
  },
  acts_on: 'account',

  key: (alert, options) => signInName(accountIn(alert), options),
  parseKey: (text, options) => signInName(text, options),
  add: (key, _, options) => [
    signedIn(options, (call) => [
      findUser(key, call, (user) => {
        if (!user.accountEnabled)
          return [
            members(call, options, (all) => {
              if (!all.some(({ id }) => id === user.id))
                throw new NothingToDo(`${key} is disabled already, and not by us`)
              return revoke(call, user, options)
            }),
          ]
        return [
          join(call, user, options),
          { ...call('PATCH', `users/${user.id}`), json: { accountEnabled: false } },
          ...revoke(call, user, options),
        ]
      }),
    ]),
  ],
  delete: (key, options) => [
    signedIn(options, (call) => [
      findUser(key, call, (user) => [
        members(call, options, (all) => {
          if (!all.some(({ id }) => id === user.id)) return []
          const enable = { ...call('PATCH', `users/${user.id}`), json: { accountEnabled: true } }
          const leave = { ...call('DELETE', `groups/${options.group_id}/members/${user.id}/$ref`), fine: [404] }
          return [...(user.accountEnabled ? [] : [enable]), leave]
        }),
      ]),
    ]),
  ],
  list: {
    steps: (options) => [signedIn(options, (call) => [members(call, options, () => [])])],
    // The first is the answer that holds the token.
    parse: (outputs) =>
      outputs.flatMap((text) =>
        usersIn(text)
          .filter(({ accountEnabled }) => accountEnabled === false)
          .map(({ userPrincipalName }) => userPrincipalName.toLowerCase()),
      ),
  },
})

interface User {
  id: string
  userPrincipalName: string
  accountEnabled: boolean
}

const fields = '$select=id,userPrincipalName,accountEnabled'

type Call = (method: HttpRequest['method'], path: string) => HttpRequest

const base = (url: string) => url.replace(/\/+$/, '')

/** OAuth 2.0 client credentials. A token lasts an hour; one for each action spares us to keep it. */
function signedIn(options: Options, next: (call: Call) => HttpStep[]): HttpStep {
  const { client_id, client_secret, tenant_id, login_url } = options
  const url = base(options.url)
  const form = { grant_type: 'client_credentials', client_id, client_secret, scope: `${url}/.default` }
  return {
    url: `${base(login_url)}/${tenant_id}/oauth2/v2.0/token`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
    next({ text }) {
      const { access_token } = jsonOf(text)
      if (typeof access_token !== 'string') throw new Error('the sign-in service gave no token')
      const headers = { authorization: `Bearer ${access_token}` }
      return next((method, path) => ({ method, url: `${url}/v1.0/${path}`, headers }))
    },
  }
}

function findUser(key: string, call: Call, next: (user: User) => HttpStep[]): HttpStep {
  return {
    ...call('GET', `users/${encodeURIComponent(key)}?${fields}`),
    fine: [404],
    next({ status, text }) {
      if (status === 404) throw new NothingToDo(`Entra knows no user "${key}"`)
      const user = jsonOf(text) as unknown as User
      const name = user.userPrincipalName.toLowerCase()
      if (name !== key) throw new Error(`Entra takes "${key}" for "${name}": set the option domain`)
      return next(user)
    },
  }
}

function join(call: Call, { id }: User, { url, group_id }: Options): HttpStep {
  return {
    ...call('POST', `groups/${group_id}/members/$ref`),
    json: { '@odata.id': `${base(url)}/v1.0/directoryObjects/${id}` },
    fine: [400],
    next({ status, text }) {
      const { message = '' } = (jsonOf(text).error ?? {}) as { message?: string }
      if (status === 400 && !/already exist/.test(message)) throw new Error(`HTTP 400 ${message}`)
      return []
    },
  }
}

function revoke(call: Call, { id }: User, { revoke_sessions }: Options): HttpStep[] {
  return revoke_sessions ? [call('POST', `users/${id}/revokeSignInSessions`)] : []
}

const usersIn = (text: string) => (jsonOf(text).value ?? []) as User[]

/** All of the group, page by page. */
function members(call: Call, { group_id }: Options, next: (all: User[]) => HttpStep[]): HttpStep {
  const first = call('GET', `groups/${group_id}/members?${fields}&$top=999`)
  const read = (request: HttpRequest, before: User[]): HttpStep => ({
    ...request,
    next({ text }) {
      const all = [...before, ...usersIn(text)]
      const url = jsonOf(text)['@odata.nextLink']
      // The token goes nowhere else.
      const isMore = typeof url === 'string' && new URL(url).origin === new URL(first.url).origin
      return isMore ? [read({ ...request, url }, all)] : next(all)
    },
  })
  return read(first, [])
}
