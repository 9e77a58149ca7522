import assert from 'node:assert/strict'
import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { and, eq, sql } from 'drizzle-orm'
import { BINDINGS } from '#core/api/resources.ts'
import { API_ROUTES } from '#core/api/router.ts'
import { migrate } from '#core/store/migrate.ts'
import { openDatabase } from '#core/store/open-database.ts'
import { tokenIdentifier } from '#core/store/outpost-accounts.ts'
import { events } from '#core/store/tables/system.ts'
import { tokens, userPermissions, users } from '#core/store/tables/users.ts'
import { revealKey } from '#core/store/tokens.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { type ApiBench, startApi } from '#test/support/api-bench.ts'
import { concretePath, makeObjects, makeViewer, type Objects, SECRET } from '#test/support/api-objects.ts'
import { temporaryFolder } from '#test/support/engines/process.ts'

/** What shows a secret, and what it takes beside seeing the object. */
const REVEALING: ReadonlyArray<[path: string, permission: string, type: string]> = [
  ['core/tokens/{identifier}/view_key/', 'authentik_core.view_token_key', 'api_key'],
  [
    'crypto/certificatekeypairs/{kp_uuid}/view_certificate/',
    'authentik_crypto.view_certificatekeypair_certificate',
    'certificate',
  ],
  [
    'crypto/certificatekeypairs/{kp_uuid}/view_private_key/',
    'authentik_crypto.view_certificatekeypair_key',
    'private_key',
  ],
]
/** What outposts are handed, secrets included. */
const FEED = /^outposts\/(?:proxy|ldap|radius)\//
const SHOWN = new RegExp(`.{0,40}(?:${SECRET}|PRIVATE KEY|"key_?(?:sealed|hash)|\\$argon2id)`, 'i')

/** Shown to internal service accounts with its permission alone; the deployments' tests see to it. */
const FOR_CONTROLLERS = /\/view_kubeconfig\/$/

let api: ApiBench
let objects: Objects
let viewer: { readonly id: number; readonly token: string }
before(async () => {
  api = await startApi()
  objects = await makeObjects(api)
  viewer = await makeViewer(api)
})
after(() => api[Symbol.asyncDispose]())

const pairPath = () => `crypto/certificatekeypairs/${objects.get('authentik_crypto.certificatekeypair')!['pk']}/`

test('API-08: no answer shows a secret: objects, lists, nested ones, used_by, events and exports', async () => {
  const { body: changed } = await api.ask('PATCH', concretePath(objects, { path: 'providers/radius/{id}/' }), {
    json: { shared_secret: `${SECRET}-changed` },
  })
  assert.equal(changed.name, 'radius')
  for (const as of [viewer.token, api.adminToken])
    for (const route of API_ROUTES) {
      if (route.method !== 'GET' || FEED.test(route.path)) continue
      if (REVEALING.some(([path]) => path === route.path) || FOR_CONTROLLERS.test(route.path)) continue
      const { status, body } = await api.ask('GET', `${concretePath(objects, route)}?page_size=1000`, { as })
      assert.ok(status < 500, route.path)
      assert.equal(SHOWN.exec(JSON.stringify(body))?.[0], undefined, route.path)
    }
})

const PUBLIC_KEYS: ReadonlySet<string> = new Set(['ssh_host_key'])

test('API-08: no declaration lets a secret be read', () => {
  for (const { resource } of BINDINGS)
    for (const [name, field] of Object.entries(resource.fields)) {
      if (PUBLIC_KEYS.has(name)) continue
      if (field.secret) assert.equal(field.access, 'write-only', `${resource.path} ${name}`)
      if (/secret|password$|_key$|key_data|kubeconfig/.test(name) && field.reference === undefined)
        assert.equal(field.access, 'write-only', `${resource.path} ${name}`)
    }
})

for (const [path, permission, type] of REVEALING)
  test(`API-08: ${path} takes ${permission}, and is kept for auditors`, async () => {
    const ask = (as: string) => api.ask('GET', concretePath(objects, { path }), { as })
    const seen = async () =>
      (await api.ctx.db.select().from(events).where(eq(events.action, 'secret_view'))).filter(
        (event) => event.context['type'] === type && event.user['pk'] === viewer.id,
      )
    assert.equal((await ask(viewer.token)).status, 403)
    assert.deepEqual(await seen(), [])

    await api.ctx.db.insert(userPermissions).values({ userId: viewer.id, permission, objectPk: null })
    const { status, body } = await ask(viewer.token)
    assert.deepEqual([status, Object.keys(body)], [200, [type === 'api_key' ? 'key' : 'data']])
    const [event, ...more] = await seen()
    assert.deepEqual([event?.user['username'], event?.clientIp, more.length], ['viewer', '127.0.0.1', 0])
    assert.doesNotMatch(JSON.stringify(event), SHOWN)

    const blind = await api.plainUser(`blind-${type.replace('_', '-')}`)
    await api.ctx.db.insert(userPermissions).values({ userId: blind.id, permission, objectPk: null })
    assert.equal((await ask(blind.token)).status, 404, 'what cannot be seen is not shown either')
  })

async function outpostFor(name: string): Promise<{ readonly token: string; readonly pair: string }> {
  const post = async (path: string, json: object) => (await api.ask('POST', path, { json })).body
  const generation = { common_name: name, validity_days: 2 }
  const pair = await post('crypto/certificatekeypairs/generate/', generation)
  const flow = objects.get('authentik_flows.flow')!['pk']
  const provider = await post('providers/ldap/', { name, authorization_flow: flow, certificate: pair.pk })
  const outpost = await post('outposts/instances/', { name, type: 'ldap', providers: [provider.pk], config: {} })
  const identifier = tokenIdentifier(outpost.pk)
  const [token] = await api.ctx.db.select().from(tokens).where(eq(tokens.identifier, identifier))
  return { token: revealKey(api.ctx, token!), pair: pair.pk }
}

test('WS-08: an outpost reads the certificates and keys of its own providers, and no others', async () => {
  const [own, other] = [await outpostFor('own'), await outpostFor('other')]
  for (const part of ['', 'view_certificate/', 'view_private_key/']) {
    const statusOf = async (pair: string) =>
      (await api.ask('GET', `crypto/certificatekeypairs/${pair}/${part}`, { as: own.token })).status
    assert.deepEqual([await statusOf(own.pair), await statusOf(other.pair)], [200, 404], part)
  }
  const download = await api.ask('GET', `${pairPath()}view_private_key/?download`, { as: own.token })
  assert.equal(download.status, 404)
})

test('API-08: a superuser who reads what outposts are handed is told of to auditors, an outpost is not', async () => {
  const looks = async () =>
    (await api.ctx.db.select().from(events).where(eq(events.action, 'secret_view'))).filter(
      ({ context }) => context['type'] === 'outpost_configuration',
    )
  const before = (await looks()).length
  assert.equal((await api.ask('GET', 'outposts/radius/')).status, 200)
  const after = await looks()
  assert.equal(after.length, before + 1)
  assert.equal(after.at(-1)!.context['model'], 'authentik_providers_radius.radiusprovider')
  assert.doesNotMatch(JSON.stringify(after), new RegExp(SECRET))
  const outpost = objects.get('authentik_outposts.outpost')!
  const [token] = await api.ctx.db
    .select()
    .from(tokens)
    .where(eq(tokens.identifier, tokenIdentifier(String(outpost['pk']))))
  assert.equal((await api.ask('GET', 'outposts/proxy/', { as: revealKey(api.ctx, token!) })).status, 200)
  assert.equal((await looks()).length, before + 1)
})

test('accounts of outposts that were made before keys had permissions of their own get them', async () => {
  using folder = temporaryFolder('migrations')
  const all = join(import.meta.dirname, '..', '..', '..', 'core', 'store', 'migrations')
  const older = readdirSync(all).filter((name) => name < '0005')
  for (const name of older) cpSync(join(all, name), join(folder.path, 'older', name))
  const handle = await openDatabase({ kind: 'embedded', folder: join(folder.path, 'data') }, silentLogger)
  try {
    const { db } = handle
    await migrate(handle, silentLogger, join(folder.path, 'older'))
    const grant = async (username: string, type: string, objectPk: string | null) => {
      const [user] = await db.insert(users).values({ username, type }).returning()
      const permission = 'authentik_crypto.view_certificatekeypair'
      await db.insert(userPermissions).values({ userId: user!.id, permission, objectPk })
    }
    await grant('ak-outpost-1', 'internal_service_account', 'pair')
    await grant('person', 'internal', 'pair')
    await migrate(handle, silentLogger)
    const held = await db
      .select({ who: users.username, what: userPermissions.permission })
      .from(userPermissions)
      .innerJoin(users, eq(users.id, userPermissions.userId))
      .where(and(eq(userPermissions.objectPk, 'pair'), sql`${userPermissions.permission} like '%keypair\\_%'`))
      .orderBy(userPermissions.permission)
    assert.deepEqual(held, [
      { who: 'ak-outpost-1', what: 'authentik_crypto.view_certificatekeypair_certificate' },
      { who: 'ak-outpost-1', what: 'authentik_crypto.view_certificatekeypair_key' },
    ])
  } finally {
    await handle.close()
  }
})
