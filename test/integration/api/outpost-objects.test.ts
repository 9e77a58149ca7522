// What an outpost may serve, and what the account that it signs in with may therefore see (sheet controllers §6).
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { eq } from 'drizzle-orm'
import { accountName } from '#core/store/outpost-accounts.ts'
import { userPermissions, users } from '#core/store/tables/users.ts'
import { type ApiBench, startApi } from '#test/support/api-bench.ts'

let api: ApiBench
let flow: string
let pair: string
const providers = new Map<string, number>()
before(async () => {
  api = await startApi()
  flow = await made('flows/instances/', { name: 'f', slug: 'f', title: 'f', designation: 'authorization' })
  const generated = { common_name: 'outpost.test', validity_days: 30 }
  pair = (await api.ask('POST', 'crypto/certificatekeypairs/generate/', { json: generated })).body.pk
  const common = { authorization_flow: flow }
  const web = { ...common, external_host: 'https://x.test', internal_host: 'http://127.0.0.1:1' }
  providers.set('proxy', await made('providers/proxy/', { name: 'proxy', ...web }))
  providers.set('ldap', await made('providers/ldap/', { name: 'ldap', ...common }))
  providers.set('radius', await made('providers/radius/', { name: 'radius', ...common, shared_secret: 's' }))
})
after(() => api[Symbol.asyncDispose]())

async function made(path: string, json: object): Promise<any> {
  const { status, body } = await api.ask('POST', path, { json })
  assert.equal(status, 201, JSON.stringify(body))
  return body.pk
}

let nth = 0
const outpost = <T extends object>(fields: T) => ({ name: `outpost ${nth++}`, config: {}, ...fields })
const keysOf = (kinds: readonly string[]) => kinds.map((kind) => providers.get(kind)!)

suite('A1: an outpost serves providers of its own kind', () => {
  const rows: ReadonlyArray<[type: string, kinds: readonly string[], strange: string | undefined]> = [
    ['proxy', ['proxy'], undefined],
    ['ldap', ['ldap'], undefined],
    ['radius', ['radius'], undefined],
    ['proxy', ['proxy', 'ldap'], 'LDAPProvider'],
    ['proxy', ['radius'], 'RadiusProvider'],
    ['ldap', ['proxy'], 'ProxyProvider'],
    ['radius', ['ldap'], 'LDAPProvider'],
  ]
  for (const [type, kinds, strange] of rows)
    test(`${type} with ${kinds.join(' and ')}: ${strange === undefined ? 'valid' : 'an error on providers'}`, async () => {
      const json = outpost({ type, providers: keysOf(kinds) })
      const { status, body } = await api.ask('POST', 'outposts/instances/', { json })
      if (strange === undefined) assert.deepEqual([status, body.providers], [201, json.providers])
      else assert.deepEqual([status, body], [400, { providers: [refusal(type, strange)] }])
    })

  test('and keeps to them when it is changed', async () => {
    const pk = await made('outposts/instances/', outpost({ type: 'proxy', providers: keysOf(['proxy']) }))
    for (const [json, expected] of [
      [{ providers: keysOf(['proxy', 'ldap']) }, refusal('proxy', 'LDAPProvider')],
      [{ type: 'ldap' }, refusal('ldap', 'ProxyProvider')],
    ] as const) {
      const { status, body } = await api.ask('PATCH', `outposts/instances/${pk}/`, { json })
      assert.deepEqual([status, body], [400, { providers: [expected] }])
    }
    const { body } = await api.ask('GET', `outposts/instances/${pk}/`)
    assert.deepEqual([body.type, body.providers], ['proxy', keysOf(['proxy'])])
  })

  const refusal = (type: string, kind: string) => `Outpost type ${type} can't be used with ${kind} providers.`
})

suite('A2: a config that is no object', () => {
  for (const config of ['', 'x', 1, null, []])
    test(`${JSON.stringify(config)} is an error on config`, async () => {
      const json = outpost({ type: 'proxy', providers: keysOf(['proxy']), config })
      const answer = await api.ask('POST', 'outposts/instances/', { json })
      assert.deepEqual([answer.status, Object.keys(answer.body)], [400, ['config']], JSON.stringify(answer.body))
    })
})

/** The objects that the account of an outpost may see, each with what it may do with it; both in order. */
async function mayOn(pk: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const rows = await api.ctx.db
    .select({ permission: userPermissions.permission, objectPk: userPermissions.objectPk })
    .from(userPermissions)
    .innerJoin(users, eq(users.id, userPermissions.userId))
    .where(eq(users.username, accountName(pk)))
  const own = rows.filter(({ objectPk }) => objectPk !== null)
  const byObject = Map.groupBy(own, ({ objectPk }) => objectPk!)
  return Object.fromEntries([...byObject].map(([key, all]) => [key, all.map(({ permission }) => permission).sort()]))
}

test('S1: the account of an outpost sees the outpost, what it serves, and the certificates of that', async () => {
  const web = { external_host: 'https://y.test', internal_host: 'http://127.0.0.1:1', certificate: pair }
  const provider = await made('providers/proxy/', { name: 'a', ...web, authorization_flow: flow, certificate: null })
  const slug = { name: 'of-the-last', slug: 'of-the-last', title: 'x', designation: 'authorization' }
  const ownFlow = await made('flows/instances/', slug)
  const last = await made('providers/proxy/', { name: 'b', ...web, authorization_flow: ownFlow })
  const other = providers.get('proxy')!
  const pk = await made('outposts/instances/', outpost({ type: 'proxy', providers: [provider] }))
  const ofOutpost = { [pk]: ['authentik_outposts.view_outpost'] }
  const seen = (served: number) => ({ ...ofOutpost, [served]: ['authentik_providers_proxy.view_proxyprovider'] })
  // compat: to see a pair and each of its parts are three permissions since 2026.2.
  const ofPair = {
    [pair]: ['', '_certificate', '_key'].map((part) => `authentik_crypto.view_certificatekeypair${part}`),
  }
  assert.deepEqual(await mayOn(pk), seen(provider))

  const steps: ReadonlyArray<[method: string, path: string, json: object | undefined, expected: object]> = [
    ['PATCH', `outposts/instances/${pk}/`, { name: 'unchanged but for this' }, seen(provider)],
    ['PATCH', `providers/proxy/${provider}/`, { certificate: pair }, { ...seen(provider), ...ofPair }],
    ['PATCH', `outposts/instances/${pk}/`, { providers: [other] }, seen(other)],
    [
      'PATCH',
      `outposts/instances/${pk}/`,
      { providers: [provider, other] },
      { ...seen(other), ...seen(provider), ...ofPair },
    ],
    ['PATCH', `outposts/instances/${pk}/`, { providers: [provider] }, { ...seen(provider), ...ofPair }],
    ['PATCH', `providers/proxy/${provider}/`, { certificate: null }, seen(provider)],
    ['PATCH', `providers/proxy/${provider}/`, { certificate: pair }, { ...seen(provider), ...ofPair }],
    ['DELETE', `providers/proxy/${provider}/`, undefined, ofOutpost],
    ['PATCH', `outposts/instances/${pk}/`, { providers: [last] }, { ...seen(last), ...ofPair }],
    ['DELETE', 'flows/instances/of-the-last/', undefined, ofOutpost],
  ]
  for (const [method, path, json, expected] of steps) {
    const { status, body } = await api.ask(method, path, json === undefined ? {} : { json })
    assert.ok(status === 200 || status === 204, JSON.stringify(body))
    assert.deepEqual(await mayOn(pk), expected, `${method} ${path} ${JSON.stringify(json)}`)
  }
})

test('D1, A3: no outpost is a part of the core; whatever says so is an outpost like others', async () => {
  const managed = 'goauthentik.io/outposts/embedded'
  const json = outpost({ type: 'proxy', providers: keysOf(['proxy']), managed })
  const { status, body } = await api.ask('POST', 'outposts/instances/', { json })
  assert.deepEqual([status, body.managed], [201, null])
  const path = `outposts/instances/${body.pk}/`
  const renamed = await api.ask('PATCH', path, { json: { name: 'authentik Embedded Outpost', managed } })
  assert.deepEqual([renamed.status, renamed.body.managed], [200, null])
  const found = await api.ask('GET', `outposts/instances/?managed__iexact=${encodeURIComponent(managed)}`)
  assert.deepEqual(found.body.results, [])
  assert.equal((await api.ask('DELETE', path)).status, 204)
})
