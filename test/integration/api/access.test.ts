import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { getTableConfig } from 'drizzle-orm/pg-core'
import { BINDINGS } from '#core/api/resources.ts'
import { API_ROUTES } from '#core/api/router.ts'
import { type ApiBench, startApi } from '#test/support/api-bench.ts'
import { concretePath, makeObjects, makeViewer, type Objects } from '#test/support/api-objects.ts'

/** Everything that answers without credentials; a new one belongs here only on purpose. */
const PUBLIC = ['GET core/tenants/current/', 'GET root/config/', 'GET schema/']
/** What everybody who is signed in is answered beside lists: about themselves, or nothing that is anybody's. */
const OPEN = [
  ...PUBLIC,
  'GET admin/version/',
  'GET core/applications/{slug}/check_access/',
  'GET core/users/me/',
  'GET outposts/instances/default_settings/',
  'GET outposts/ldap/{id}/check_access/',
  'GET outposts/radius/{id}/check_access/',
  'GET outposts/service_connections/all/types/',
  'GET policies/all/types/',
  'GET propertymappings/all/types/',
  'GET providers/all/types/',
  'GET stages/all/types/',
  'GET stages/all/user_settings/',
]
/** People make tokens for themselves. */
const OWN_WRITES = ['POST core/tokens/']
/** What seeing an object does not open: its secrets, what makes new ones, and what is for superusers or outposts alone. */
const NOT_FOR_VIEWERS = [
  'GET core/tokens/{identifier}/view_key/',
  'GET core/users/{id}/recovery/',
  'GET core/users/{id}/recovery_email/',
  'GET crypto/certificatekeypairs/{kp_uuid}/view_certificate/',
  'GET crypto/certificatekeypairs/{kp_uuid}/view_private_key/',
  'GET flows/instances/{slug}/export/',
  'GET managed/blueprints/',
  'GET managed/blueprints/available/',
  'GET managed/blueprints/{instance_uuid}/',
  'GET managed/blueprints/{instance_uuid}/used_by/',
  'GET outposts/ldap/',
  'GET outposts/instances/{uuid}/manifest/',
  'GET outposts/ldap/{id}/',
  'GET outposts/proxy/',
  'GET outposts/proxy/{id}/',
  'GET outposts/radius/',
  'GET outposts/radius/{id}/',
  'GET outposts/service_connections/kubernetes/{uuid}/view_kubeconfig/',
]

let api: ApiBench
let objects: Objects
let plain: { readonly id: number; readonly token: string }
let viewer: { readonly id: number; readonly token: string }
before(async () => {
  api = await startApi()
  objects = await makeObjects(api)
  plain = await api.plainUser('plain')
  viewer = await makeViewer(api)
})
after(() => api[Symbol.asyncDispose]())

interface Answer {
  readonly key: string
  readonly status: number
  readonly body: any
}

/** What every one of these routes answers, asked about objects that exist. */
async function answers(as: string | null, wanted: (key: string) => boolean): Promise<readonly Answer[]> {
  const all: Answer[] = []
  for (const route of API_ROUTES) {
    const { method, path } = route
    const key = `${method} ${path}`
    if (!wanted(key)) continue
    const asking = { as, ...(method === 'GET' ? {} : { json: {} }) }
    const { status, body } = await api.ask(method, concretePath(objects, route), asking)
    all.push({ key, status, body })
  }
  return all
}

const isRead = (key: string) => key.startsWith('GET ')
const isForeignWrite = (key: string) => !isRead(key) && !OWN_WRITES.includes(key)
const told = (some: readonly Answer[]) => some.map(({ key, status }) => `${status} ${key}`)

/** Every row of every resource but events, which tell of refusals too. */
async function everything(): Promise<string> {
  const tables = new Set(BINDINGS.flatMap((binding) => binding.tables))
  const rows: [string, unknown][] = []
  for (const table of tables) {
    const { name } = getTableConfig(table)
    if (name !== 'events') rows.push([name, await api.ctx.db.select().from(table)])
  }
  return JSON.stringify(rows)
}

test('API-02: nothing but the public list answers without credentials', async () => {
  const before = await everything()
  const open = (await answers(null, () => true)).filter(({ status }) => status !== 403)
  assert.deepEqual(open.map(({ key }) => key).sort(), PUBLIC)
  assert.equal(await everything(), before)
})

test('API-02: somebody without permissions changes nothing that is not theirs', async () => {
  const before = await everything()
  const refusals = await answers(plain.token, isForeignWrite)
  assert.deepEqual(told(refusals.filter(({ status }) => status !== 403 && status !== 404)), [])
  assert.equal(await everything(), before)
})

test('API-02: somebody without permissions is shown nothing of others', async () => {
  const isTheirs = (item: { user?: number }) => item.user === plain.id
  const isEmptyList = (body: any) => Array.isArray(body.results) && body.results.every(isTheirs)
  const shown = (await answers(plain.token, isRead)).filter(
    ({ status, body }) => status !== 403 && status !== 404 && !isEmptyList(body),
  )
  assert.deepEqual(shown.map(({ key }) => key).sort(), OPEN.toSorted())
  for (const { key, body } of shown)
    if (key.endsWith('/check_access/')) assert.equal((body.access ?? body).passing, false, key)
})

test('API-02, API-07: somebody who sees everything changes nothing', async () => {
  const before = await everything()
  const refusals = await answers(viewer.token, isForeignWrite)
  assert.deepEqual(told(refusals.filter(({ status }) => status !== 403)), [])
  assert.equal(await everything(), before)
})

test('API-08: somebody who sees everything is shown everything but secrets', async () => {
  const hidden = (await answers(viewer.token, isRead)).filter(({ status }) => status !== 200)
  assert.deepEqual(told(hidden).sort(), NOT_FOR_VIEWERS.map((key) => `403 ${key}`).sort())
})

test('API-10: owners see and change what is theirs, and nothing of others', async () => {
  const own = await api.ask('POST', 'core/tokens/', { as: plain.token, json: { identifier: 'mine', user: 1 } })
  assert.equal(own.status, 201)
  assert.equal(own.body.user, plain.id, 'the owner is whoever makes it')
  const patched = await api.ask('PATCH', 'core/tokens/mine/', { as: plain.token, json: { description: 'd', user: 1 } })
  assert.deepEqual([patched.status, patched.body.user], [200, plain.id])
  assert.equal((await api.ask('GET', 'core/tokens/mine/view_key/', { as: plain.token })).status, 403)
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    const json = method === 'PATCH' ? {} : undefined
    assert.equal((await api.ask(method, 'core/tokens/akadmin-api/', { as: plain.token, json })).status, 404)
  }
})
