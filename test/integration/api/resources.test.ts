import assert from 'node:assert/strict'
import { request } from 'node:http'
import test, { after, before } from 'node:test'
import { eq } from 'drizzle-orm'
import { accountName, tokenIdentifier } from '#core/store/outpost-accounts.ts'
import { revocations } from '#core/store/tables/outposts.ts'
import { events } from '#core/store/tables/system.ts'
import { sessions, tokens, users } from '#core/store/tables/users.ts'
import { revealKey } from '#core/store/tokens.ts'
import { type ApiBench, startApi } from '#test/support/api-bench.ts'

const DENIED = { detail: 'You do not have permission to perform this action.' }

let api: ApiBench
let plain: { readonly id: number; readonly token: string }
before(async () => {
  api = await startApi()
  plain = await api.plainUser('plain')
})
after(() => api[Symbol.asyncDispose]())

test('API-12: server-owned fields are ignored', async () => {
  const json = {
    username: 'mass',
    name: '',
    is_superuser: true,
    uid: 'x',
    pk: 1,
    password: 'x',
    last_login: '2020-01-01T00:00:00Z',
  }
  const { status, body } = await api.ask('POST', 'core/users/', { json })
  assert.equal(status, 201)
  assert.deepEqual([body.is_superuser, body.last_login], [false, null])
  const [row] = await api.ctx.db.select().from(users).where(eq(users.username, 'mass'))
  assert.equal(row!.password, null)
})

test('API-13: paging and ordering are bounded by what is declared', async () => {
  const orderly = await api.ask('GET', 'core/users/?ordering=password,-username&page_size=1000000000')
  assert.equal(orderly.status, 200)
  const names = orderly.body.results.map(({ username }: { username: string }) => username)
  assert.deepEqual(names, names.toSorted().toReversed())
  assert.deepEqual(await shape('GET', 'core/users/?page=999'), [404, { detail: 'Invalid page.' }])
  assert.deepEqual(await shape('GET', 'core/users/?uuid=nope'), [400, { uuid: ['Enter a valid UUID.'] }])
  assert.equal((await api.ask('GET', "core/users/?search=%25'%3B--")).status, 200)
})

async function shape(...asking: Parameters<ApiBench['ask']>): Promise<[number, unknown]> {
  const { status, body } = await api.ask(...asking)
  return [status, body]
}

const UNREADABLE: ReadonlyArray<[what: string, asking: Parameters<ApiBench['ask']>[2], status: number]> = [
  ['broken JSON', { body: '{"username":' }, 400],
  ['invalid UTF-8', { body: Uint8Array.from(Buffer.from('{"username":"\xff","name":""}', 'latin1')) }, 400],
  ['a deep body', { body: `{"username":"x","name":"x","attributes":${'{"a":'.repeat(100)}1${'}'.repeat(100)}}` }, 400],
  ['a very deep body', { body: '['.repeat(100_000) + ']'.repeat(100_000) }, 400],
  ['a large body', { body: `{"username":"${'x'.repeat(2 * 1024 * 1024)}"}` }, 413],
  ['a form', { body: 'username=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415],
  ['NUL in a name', { json: { username: 'a\0b', name: '' } }, 400],
]
for (const [what, asking, status] of UNREADABLE)
  test(`API-19, API-23: ${what} is answered ${status}`, async () => {
    const answer = await api.ask('POST', 'core/users/', asking)
    assert.equal(answer.status, status, JSON.stringify(answer.body))
  })

test('API-22: a key counts as a whole or not at all', async () => {
  for (const key of [
    api.adminToken.slice(0, -1),
    `${api.adminToken}x`,
    `x${api.adminToken}`,
    api.adminToken.toLowerCase(),
  ])
    assert.deepEqual(await shape('GET', 'core/users/me/', { as: key }), [403, { detail: 'Token invalid/expired' }])
})

test('API-27: an error of our own tells an id and nothing else', async () => {
  const { db } = api.ctx
  const broken = Object.assign(Object.create(db) as typeof db, {
    select: () => assert.fail('column "secret" of host db1'),
  })
  Object.assign(api.ctx, { db: broken })
  const { status, body } = await api.ask('GET', 'core/users/')
  Object.assign(api.ctx, { db })
  assert.equal(status, 500)
  assert.deepEqual(Object.keys(body).sort(), ['detail', 'error_id'])
  assert.equal(body.detail, 'Internal server error.')
})

test('API-28: a password is never emptied by mistake', async () => {
  const { body } = await api.ask('POST', 'core/users/', { json: { username: 'pw', name: '' } })
  const path = `core/users/${body.pk}/set_password/`
  assert.equal((await api.ask('POST', path, { json: { password: 'first' } })).status, 204)
  const hash = async () => (await api.ctx.db.select().from(users).where(eq(users.id, body.pk)))[0]!.password
  const kept = await hash()
  for (const json of [{}, { password: null }, { password: '' }, { password: 1 }]) {
    const refused = await api.ask('POST', path, { json })
    assert.equal(refused.status, 400)
    assert.ok(Array.isArray(refused.body.password))
  }
  assert.equal(await hash(), kept)
})

test('API-28: nobody becomes an account of the core; a name in use is told without SQL', async () => {
  const patched = await api.ask('PATCH', `core/users/${plain.id}/`, { json: { type: 'internal_service_account' } })
  assert.deepEqual([patched.status, Object.keys(patched.body)], [400, ['type']])
  const refused = await api.ask('POST', 'core/users/service_account/', { json: { name: 'plain' } })
  assert.deepEqual([refused.status, refused.body], [400, { non_field_errors: ['This name is in use.'] }])
})

test("what the database alone can refuse is the client's to correct", async () => {
  const json = { name: 'twice' }
  assert.equal((await api.ask('POST', 'core/groups/', { json })).status, 201)
  const answer = await shape('POST', 'core/groups/', { json })
  assert.deepEqual(answer, [400, { non_field_errors: ['An object with these values exists already.'] }])
})

test('credentials that cannot be are told apart from none', async () => {
  const said = async (authorization: string) =>
    (await api.ask('GET', 'core/users/me/', { as: null, headers: { authorization } })).body.detail
  assert.equal(await said('Basic YTpi'), 'Unsupported authentication type')
  assert.equal(await said('Bearer'), 'Authentication credentials were not provided.')
  assert.equal(await said('Bearer a b'), 'Token invalid/expired')
  assert.equal(
    (await api.ask('GET', 'core/users/me/', { as: null, headers: { authorization: `bearer ${api.adminToken}` } }))
      .status,
    200,
  )
})

test('methods, slashes and media types are told apart', async () => {
  assert.deepEqual(await shape('DELETE', 'core/users/'), [405, { detail: 'Method "DELETE" not allowed.' }])
  const { status, headers } = await api.ask('GET', 'core/users?name=x')
  assert.deepEqual([status, headers.get('location')], [301, '/api/v3/core/users/?name=x'])
  assert.equal((await api.ask('GET', 'core/users/', { headers: { accept: 'text/html' } })).status, 406)
  assert.deepEqual(await shape('GET', 'nope/'), [404, { detail: 'Not found.' }])
})

test('deactivation ends sessions and is answered with the revocation to ask for', async () => {
  const { id } = await api.plainUser('leaver')
  await api.ctx.db.insert(sessions).values({ keyHash: 'h', userId: id, expires: new Date(Date.now() + 60_000) })
  const { status, headers } = await api.ask('PATCH', `core/users/${id}/`, { json: { is_active: false } })
  assert.equal(status, 200)
  const sequence = Number(headers.get('x-martello-revocation'))
  const [revocation] = await api.ctx.db.select().from(revocations).where(eq(revocations.sequence, sequence))
  assert.deepEqual([revocation?.userId, revocation?.reason], [id, 'deactivated'])
  assert.deepEqual(await api.ctx.db.select().from(sessions).where(eq(sessions.userId, id)), [])
  const state = await api.ask('GET', `outposts/revocations/${sequence}/`)
  assert.deepEqual(state.body, { sequence, applied: 0, connected: 0, instances: [] })
})

test('a write is kept for auditors by the names of its fields', async () => {
  await api.ask('PATCH', `core/users/${plain.id}/`, { json: { email: 'plain@example.test' } })
  const rows = await api.ctx.db.select().from(events).where(eq(events.action, 'model_updated'))
  const event = rows.find(({ context }) => (context['model'] as { pk: string }).pk === String(plain.id))
  assert.deepEqual(event?.context['changed'], ['email'])
  assert.doesNotMatch(JSON.stringify(event), /plain@example/)
})

test('an outpost sees what it serves, secrets included, and asks only for what has changed', async () => {
  const post = async (path: string, json: object) => (await api.ask('POST', path, { json })).body
  const flow = await post('flows/instances/', { name: 'p', slug: 'p', title: 'p', designation: 'authorization' })
  const proxy = { authorization_flow: flow.pk, external_host: 'https://a.test', internal_host: 'http://b.test' }
  const [served, other] = [
    await post('providers/proxy/', { ...proxy, name: 'served' }),
    await post('providers/proxy/', { ...proxy, name: 'other' }),
  ]
  for (const provider of [served, other])
    await post('core/applications/', { name: provider.name, slug: provider.name, provider: provider.pk })
  const outpost = await post('outposts/instances/', { name: 'edge', type: 'proxy', providers: [served.pk], config: {} })
  const [token] = await api.ctx.db
    .select()
    .from(tokens)
    .where(eq(tokens.identifier, tokenIdentifier(outpost.pk)))
  const as = revealKey(api.ctx, token!)
  const mine = await api.ask('GET', 'core/users/me/', { as })
  assert.equal(mine.body.user.username, accountName(outpost.pk))
  const feed = await api.ask('GET', 'outposts/proxy/', { as })
  assert.deepEqual(
    feed.body.results.map(({ name }: { name: string }) => name),
    ['served'],
  )
  assert.match(feed.body.results[0].client_secret, /^\w{128}$/)
  assert.deepEqual(await shape('GET', 'outposts/proxy/', { as: plain.token }), [403, DENIED])

  const etag = feed.headers.get('etag')!
  const again = () => api.ask('GET', 'outposts/proxy/', { as, headers: { 'if-none-match': etag } })
  assert.equal((await again()).status, 304)
  await api.ask('PATCH', `providers/proxy/${served.pk}/`, { json: { skip_path_regex: '^/open' } })
  assert.equal((await again()).body.results[0].skip_path_regex, '^/open')
})

test('the body limit holds for bodies that never say how long they are', async () => {
  const { port } = new URL(api.origin)
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sent = request({
      port,
      path: '/api/v3/core/users/',
      method: 'POST',
      headers: { authorization: `Bearer ${api.adminToken}`, 'content-type': 'application/json' },
    })
    sent.on('response', (answer) => resolve(answer.resume().statusCode)).on('error', reject)
    sent.write(`"${'x'.repeat(1_500_000)}`)
    sent.end('"')
  })
  assert.equal(status, 413)
})

test('members of groups and groups of users are described, unless only their keys are asked for', async () => {
  const { pk: user } = (await api.ask('POST', 'core/users/', { json: { username: 'described', name: 'Described' } }))
    .body
  const json = { name: 'describing', users: [user] }
  const { pk: group } = (await api.ask('POST', 'core/groups/', { json })).body
  const lists = [
    ['core/groups/?name=describing', 'include_users', 'users', user],
    ['core/users/?username=described', 'include_groups', 'groups', group],
  ] as const
  for (const [path, parameter, field, key] of lists)
    for (const [query, described] of [
      ['', 1],
      [`&${parameter}=true`, 1],
      [`&${parameter}=false`, 0],
    ] as const) {
      const { body } = await api.ask('GET', `${path}${query}`)
      const [found] = body.results
      assert.deepEqual([found[field], found[`${field}_obj`].length], [[key], described], `${path}${query}`)
    }
})
