import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test, { after, before } from 'node:test'
import { eq } from 'drizzle-orm'
import { parseAllDocuments } from 'yaml'
import { coreClient } from '#controllers/core-client.ts'
import { FleetReader } from '#controllers/fleet/fleet-reader.ts'
import { dropRecord, readToken, writeConnectionState, writeRecord } from '#controllers/fleet/fleet-writer.ts'
import { ensureControllerAccount } from '#core/bootstrap/controller-account.ts'
import { generateCertificate } from '#core/crypto/certificates.ts'
import { tokenIdentifier } from '#core/store/outpost-accounts.ts'
import { serviceConnectionStates } from '#core/store/tables/deployments.ts'
import { events } from '#core/store/tables/system.ts'
import { tokens, userPermissions, users } from '#core/store/tables/users.ts'
import { revealKey } from '#core/store/tokens.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { type ApiBench, type ApiResponse, startApi } from '#test/support/api-bench.ts'

const CONTROLLER_TOKEN = 'token-of-the-controller-in-tests'
const SINCE = '2026-11-26T05:00:00.000Z'
const CONNECTIONS = 'outposts/service_connections/'

let api: ApiBench
let plain: { readonly id: number; readonly token: string }
let flow: string
before(async () => {
  api = await startApi()
  plain = await api.plainUser('plain')
  await startController(CONTROLLER_TOKEN)
  flow = (await made('flows/instances/', { name: 'f', slug: 'f', title: 'f', designation: 'authorization' })).pk
})
after(() => api[Symbol.asyncDispose]())

/** As a start of the core does, with the token that the controller beside it was given, or none. */
async function startController(token: string | undefined): Promise<void> {
  const controllerToken = token === undefined ? undefined : new Secret(token)
  await ensureControllerAccount({ ...api.ctx, config: { ...api.ctx.config, controllerToken } })
}

async function made(path: string, json: object): Promise<any> {
  const { status, body } = await api.ask('POST', path, { json })
  assert.ok(status === 201 || status === 200, `${path} ${status} ${JSON.stringify(body)}`)
  return body
}

let count = 0
const name = (kind: string) => `${kind}-${++count}`

const asController = (method: string, path: string, json?: object): Promise<ApiResponse> =>
  api.ask(method, path, { as: CONTROLLER_TOKEN, ...(json === undefined ? {} : { json }) })

const newProvider = (more: object = {}) =>
  made('providers/proxy/', {
    name: name('provider'),
    authorization_flow: flow,
    external_host: 'https://app.example.com',
    internal_host: 'http://10.0.0.1',
    ...more,
  })

async function newOutpost(more: object = {}): Promise<any> {
  const provider = await newProvider()
  const required = { name: name('outpost'), type: 'proxy', providers: [provider.pk], config: {} }
  return made('outposts/instances/', { ...required, ...more })
}

async function newPair({ hasKey = true } = {}): Promise<any> {
  const request = { commonName: 'pair', subjectAltNames: [], validityDays: 2, keyType: 'ec' } as const
  const { certificate, key } = await generateCertificate(request, Date.now())
  const json = { name: name('pair'), certificate_data: certificate, ...(hasKey ? { key_data: key } : {}) }
  return made('crypto/certificatekeypairs/', json)
}

const newConnection = () => made(`${CONNECTIONS}docker/`, { name: name('docker'), url: 'unix:///run/docker.sock' })

const recordOf = (connection: string, more: object = {}) => ({
  outpost_name: 'edge',
  connection,
  inventory: [{ kind: 'container', name: 'ak-outpost-edge' }],
  objects: [
    {
      component: 'container',
      kind: 'container',
      name: 'ak-outpost-edge',
      condition: 'ready',
      reason: 'Running',
      message: '',
      since: SINCE,
    },
  ],
  reconciled: SINCE,
  ...more,
})

test('CT-09: what a controller keeps outlives the outpost, and is not told to outposts', async () => {
  const [connection, outpost] = [await newConnection(), await newOutpost()]
  const path = `outposts/deployments/${outpost.pk}/`
  const revision = await api.ctx.feed.revision()
  const kept = await asController('PUT', path, { ...recordOf(connection.pk), outpost: randomUUID(), strange: 1 })
  assert.deepEqual(kept, {
    ...kept,
    status: 200,
    body: {
      ...recordOf(connection.pk, { inventory: [{ apiVersion: '', kind: 'container', name: 'ak-outpost-edge' }] }),
      outpost: outpost.pk,
      image: '',
      previous_image: '',
      rejected_image: '',
      rejected_why: '',
      rollout: '',
      error: '',
      controller: null,
      outpost_exists: true,
    },
  })
  const again = await asController('PUT', path, recordOf(connection.pk, { image: 'i:1', error: 'no route to host' }))
  assert.deepEqual([again.body.image, again.body.error], ['i:1', 'no route to host'])
  assert.equal(await api.ctx.feed.revision(), revision)
  await asController('PUT', path, recordOf(connection.pk, { image: 'i:1', error: 'no route to host' }))
  const told = await api.ctx.db.select().from(events).where(eq(events.app, 'authentik.outposts'))
  const ofThis = told.filter(({ context }) => context['outpost'] === outpost.pk)
  assert.deepEqual(
    ofThis.map(({ action, context }) => [action, context['outpost_name'], context['troubles']]),
    [['system_task_exception', 'edge', ['no route to host']]],
    'CT-22: told once',
  )
  assert.ok(!told.some(({ context }) => (context['model'] as any)?.model_name === 'outpostdeployment'))

  await api.ask('DELETE', `outposts/instances/${outpost.pk}/`)
  const after = await asController('GET', path)
  assert.deepEqual([after.status, after.body.inventory.length], [200, 1])
  assert.equal((await asController('DELETE', path)).status, 204)
  assert.equal((await asController('GET', path)).status, 404)
})

test('deployments are seen by those who may see them or the outpost, and by connection', async () => {
  const connections = [await newConnection(), await newConnection()]
  const outposts = [await newOutpost(), await newOutpost()]
  for (const [index, { pk }] of outposts.entries())
    await asController(
      'PUT',
      `outposts/deployments/${pk}/`,
      recordOf(connections[index].pk, { outpost_name: `o${index}` }),
    )
  const seen = async (as: string, query = '') => {
    const { body } = await api.ask('GET', `outposts/deployments/${query}`, { as })
    return [body.pagination.count, body.results.map((each: any) => each.outpost_name)]
  }
  assert.deepEqual(await seen(CONTROLLER_TOKEN, `?connection=${connections[1].pk}`), [1, ['o1']])
  assert.deepEqual(await seen(CONTROLLER_TOKEN), [2, ['o0', 'o1']])
  assert.deepEqual(await seen(plain.token), [0, []])

  const grant = (permission: string, objectPk: string | null) =>
    api.ctx.db.insert(userPermissions).values({ userId: plain.id, permission, objectPk })
  await grant('authentik_outposts.view_outpost', outposts[1].pk)
  assert.deepEqual(await seen(plain.token), [1, ['o1']])
  const statusOf = async (pk: string) =>
    (await api.ask('GET', `outposts/deployments/${pk}/`, { as: plain.token })).status
  assert.deepEqual([await statusOf(outposts[0].pk), await statusOf(outposts[1].pk)], [404, 200])
  await grant('authentik_outposts.view_outpostdeployment', null)
  assert.deepEqual(await seen(plain.token), [2, ['o0', 'o1']])
  for (const method of ['PUT', 'DELETE']) {
    const asking = { as: plain.token, ...(method === 'PUT' ? { json: recordOf(connections[0].pk) } : {}) }
    assert.equal((await api.ask(method, `outposts/deployments/${outposts[1].pk}/`, asking)).status, 403, method)
  }
})

const LONG = 'x'.repeat(4096)
const wrongRecords: ReadonlyArray<[what: string, more: object, field: string]> = [
  ['no name', { outpost_name: undefined }, 'outpost_name'],
  ['no connection', { connection: randomUUID() }, 'connection'],
  ['a connection that is none', { connection: 'x' }, 'connection'],
  ['an inventory that is no list', { inventory: {} }, 'inventory'],
  ['too much inventory', { inventory: Array(1001).fill({ kind: 'k', name: 'n' }) }, 'inventory'],
  ['an unknown condition', { objects: [{ ...recordOf('').objects[0], condition: 'fine' }] }, 'objects'],
  ['a long message', { objects: [{ ...recordOf('').objects[0], message: LONG }] }, 'objects'],
  ['a long error', { error: LONG }, 'error'],
  ['a null character', { inventory: [{ kind: 'k', name: 'a\u0000b' }] }, 'inventory'],
  ['a lone surrogate', { error: '\ud800' }, 'error'],
  ['no time', { reconciled: 'now' }, 'reconciled'],
]
for (const [what, more, field] of wrongRecords)
  test(`a deployment with ${what} is refused on ${field}`, async () => {
    const { pk } = await newConnection()
    const path = `outposts/deployments/${randomUUID()}/`
    const { status, body } = await asController('PUT', path, recordOf(pk, more))
    assert.deepEqual([status, Object.keys(body)], [400, [field]])
    assert.equal((await asController('GET', path)).status, 404)
  })

test('CT-09: a connection is kept until nothing is deployed through it', async () => {
  const [connection, outpost] = [await newConnection(), randomUUID()]
  await asController('PUT', `outposts/deployments/${outpost}/`, recordOf(connection.pk))
  for (const path of [`${CONNECTIONS}docker/`, `${CONNECTIONS}all/`]) {
    const { status, body } = await api.ask('DELETE', `${path}${connection.pk}/`)
    assert.deepEqual([status, Object.keys(body)], [400, ['non_field_errors']])
    assert.match(body.non_field_errors[0], /"edge".*the controller removes/)
  }
  await asController('PUT', `outposts/deployments/${outpost}/`, recordOf(connection.pk, { inventory: [] }))
  assert.equal((await api.ask('DELETE', `${CONNECTIONS}docker/${connection.pk}/`)).status, 204)
  assert.equal((await asController('GET', `outposts/deployments/${outpost}/`)).status, 404)
})

for (const kind of ['local', 'docker'])
  test(`CT-22: a ${kind} connection is as healthy as a controller says, as long as it says so`, async () => {
    const json = { name: name(kind), ...(kind === 'docker' ? { url: 'http://10.0.0.1:2375' } : {}) }
    const { pk } = await made(`${CONNECTIONS}${kind}/`, json)
    const path = `${CONNECTIONS}all/${pk}/state/`
    const silent = {
      healthy: false,
      version: '',
      reason: 'no controller has reported on it yet',
      checked_at: null,
      controller: null,
    }
    assert.deepEqual((await api.ask('GET', path)).body, silent)

    const revision = await api.ctx.feed.revision()
    assert.equal((await asController('PUT', path, { healthy: true, version: '27.3' })).status, 204)
    const { body: up } = await api.ask('GET', path)
    assert.deepEqual([up.healthy, up.version, up.reason], [true, '27.3', ''])
    assert.ok(Math.abs(Date.parse(up.checked_at) - Date.now()) < 60_000)
    await asController('PUT', path, { healthy: false, version: '', reason: 'certificate has expired' })
    assert.equal((await api.ask('GET', path)).body.reason, 'certificate has expired')
    assert.equal(await api.ctx.feed.revision(), revision)

    await asController('PUT', path, { healthy: true, version: '27.3' })
    const longAgo = { checkedAt: new Date(Date.now() - 3_600_000) }
    await api.ctx.db.update(serviceConnectionStates).set(longAgo).where(eq(serviceConnectionStates.uuid, pk))
    const { body: stale } = await api.ask('GET', path)
    assert.deepEqual([stale.healthy, stale.reason], [false, 'no controller has reported on it for 60 minutes'])

    assert.equal((await api.ask('PUT', path, { as: plain.token, json: { healthy: true, version: '' } })).status, 403)
    const wrong = await asController('PUT', path, { healthy: 'yes' })
    assert.deepEqual([wrong.status, Object.keys(wrong.body)], [400, ['healthy', 'version']])
  })

const kubeconfig = (user: object = { token: 'HUSH-token' }) => ({
  clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443' } }],
  users: [{ name: 'u', user }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  'current-context': 'x',
})

test('a kubeconfig that runs commands or reads files is refused, with the field named', async () => {
  const create = (json: object) => api.ask('POST', `${CONNECTIONS}kubernetes/`, { json: { name: name('k'), ...json } })
  for (const user of [
    { exec: { command: 'sh' } },
    { 'auth-provider': {} },
    { tokenFile: '/x' },
    { 'client-key': '/x' },
  ]) {
    const { status, body } = await create({ kubeconfig: kubeconfig(user) })
    assert.equal(status, 400)
    assert.match(body.kubeconfig[0], new RegExp(`^users\\[0\\]\\.user\\.${Object.keys(user)[0]}: `))
  }
  assert.equal((await create({ kubeconfig: {} })).status, 400)
  assert.equal((await create({ kubeconfig: kubeconfig({ token: 'a\u0000' }) })).status, 400)
  const { body: local } = await create({ kubeconfig: {}, local: true })
  const patch = (json: object) => api.ask('PATCH', `${CONNECTIONS}kubernetes/${local.pk}/`, { json })
  assert.equal((await patch({ local: false })).status, 400, 'the stored one is empty')
  assert.equal((await patch({ name: name('k') })).status, 200)
  assert.equal((await patch({ local: false, kubeconfig: kubeconfig() })).status, 200)
})

test('CT-12: a kubeconfig is shown to controllers alone, and that is kept for auditors', async () => {
  const { pk, credentials_revision: first } = await made(`${CONNECTIONS}kubernetes/`, {
    name: name('k'),
    kubeconfig: kubeconfig(),
  })
  const path = `${CONNECTIONS}kubernetes/${pk}/view_kubeconfig/`
  assert.deepEqual((await asController('GET', path)).body, { kubeconfig: kubeconfig() })
  for (const as of [api.adminToken, plain.token]) assert.equal((await api.ask('GET', path, { as })).status, 403)
  const looked = await api.ctx.db.select().from(events).where(eq(events.action, 'secret_view'))
  assert.ok(
    looked.some(({ context, user }) => context['connection'] === pk && user['username'] === 'martello-controller'),
  )
  assert.doesNotMatch(JSON.stringify(looked), /HUSH/)

  const changed = await api.ask('PATCH', `${CONNECTIONS}kubernetes/${pk}/`, {
    json: { kubeconfig: kubeconfig({ token: 'HUSH-other' }) },
  })
  assert.notEqual(changed.body.credentials_revision, first)
  assert.doesNotMatch(JSON.stringify(changed.body), /HUSH/)
})

test('Docker over SSH needs a key to sign in with; a host key is one line of OpenSSH', async () => {
  const [pair, keyless] = [await newPair(), await newPair({ hasKey: false })]
  const create = (json: object) =>
    api.ask('POST', `${CONNECTIONS}docker/`, { json: { name: name('ssh'), url: 'ssh://core@10.0.0.1', ...json } })
  for (const json of [{}, { tls_authentication: null }, { tls_authentication: keyless.pk }])
    assert.deepEqual(Object.keys((await create(json)).body), ['tls_authentication'])
  const blob = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from(`ssh-ed25519${'k'.repeat(36)}`)])
  const ssh_host_key = `ssh-ed25519 ${blob.toString('base64')}`
  const wrong = await create({ tls_authentication: pair.pk, ssh_host_key: 'AAAA' })
  assert.deepEqual([wrong.status, Object.keys(wrong.body)], [400, ['ssh_host_key']])
  const right = await create({ tls_authentication: pair.pk, ssh_host_key: `${ssh_host_key}\n` })
  assert.deepEqual([right.status, right.body.ssh_host_key], [201, ssh_host_key])
  const taken = await api.ask('PATCH', `${CONNECTIONS}docker/${right.body.pk}/`, { json: { tls_authentication: null } })
  assert.deepEqual([taken.status, Object.keys(taken.body)], [400, ['tls_authentication']])
})

test('a controller sees the key pairs of Docker connections, as long as they are that, and no others', async () => {
  const [identity, authority, other] = [await newPair(), await newPair(), await newPair()]
  const json = { name: name('tls'), url: 'https://10.0.0.1:2376' }
  const connection = await made(`${CONNECTIONS}docker/`, {
    ...json,
    tls_verification: authority.pk,
    tls_authentication: identity.pk,
  })
  const held = async ({ pk }: { pk: string }) =>
    (await api.ctx.db.select().from(userPermissions).where(eq(userPermissions.objectPk, pk)))
      .map(({ permission }) => permission.replace('authentik_crypto.view_certificatekeypair', '*'))
      .sort()
  assert.deepEqual(await held(identity), ['*', '*_certificate', '*_key'])
  assert.deepEqual(await held(authority), ['*', '*_certificate'])
  assert.deepEqual(await held(other), [])
  const statusOf = async ({ pk }: { pk: string }) =>
    (await asController('GET', `crypto/certificatekeypairs/${pk}/view_private_key/`)).status
  assert.deepEqual([await statusOf(identity), await statusOf(other)], [200, 404])

  await api.ask('PATCH', `${CONNECTIONS}docker/${connection.pk}/`, { json: { tls_authentication: null } })
  assert.deepEqual([await held(identity), await held(authority)], [[], ['*', '*_certificate']])
})

test('a controller reads the tokens of outposts, and nobody else’s', async () => {
  const outpost = await newOutpost()
  const [token] = await api.ctx.db
    .select()
    .from(tokens)
    .where(eq(tokens.identifier, tokenIdentifier(outpost.pk)))
  const own = await asController('GET', `core/tokens/${token!.identifier}/view_key/`)
  assert.deepEqual([own.status, own.body.key], [200, revealKey(api.ctx, token!)])
  for (const identifier of ['akadmin-api', 'plain-api'])
    assert.equal((await asController('GET', `core/tokens/${identifier}/view_key/`)).status, 404)
})

test('a controller sees the modes and hosts of providers, and none of their secrets', async () => {
  const { pk } = await newProvider()
  const { status, body } = await asController('GET', `providers/proxy/${pk}/`)
  assert.deepEqual([status, body.mode, body.external_host], [200, 'proxy', 'https://app.example.com'])
  const common = { authorization_flow: flow }
  await made('providers/ldap/', { ...common, name: name('ldap') })
  await made('providers/radius/', { ...common, name: name('radius'), shared_secret: 'HUSH' })
  for (const kind of ['proxy', 'ldap', 'radius']) {
    const feed = await asController('GET', `outposts/${kind}/`)
    assert.deepEqual(feed.body.results ?? [], [], kind)
  }
})

test('a controller is told what deployments have in common; who sees no outpost is not', async () => {
  const { status, body } = await asController('GET', 'outposts/controller/config/')
  const image_template = 'images.test/outpost:%(version)s'
  assert.deepEqual(
    [status, body],
    [200, { version: body.version, image_template, discover: true, discoverable: body.discoverable }],
  )
  const nobody = await api.plainUser(name('nobody'))
  assert.equal((await api.ask('GET', 'outposts/controller/config/', { as: nobody.token })).status, 403)
})

test('a controller makes service connections of what it finds', async () => {
  const json = { name: name('found'), local: true, url: 'unix:///var/run/docker.sock' }
  assert.equal((await asController('POST', `${CONNECTIONS}docker/`, json)).status, 201)
  const cluster = { name: name('found'), local: true, kubeconfig: {} }
  assert.equal((await asController('POST', `${CONNECTIONS}kubernetes/`, cluster)).status, 201)
})

test('the account of controllers is always there, its given token only while it is given', async () => {
  await startController(undefined)
  const [account] = await api.ctx.db.select().from(users).where(eq(users.username, 'martello-controller'))
  assert.deepEqual([account?.type, account?.password, account?.isActive], ['internal_service_account', null, true])
  assert.equal((await asController('GET', 'outposts/instances/')).status, 403)
  const made = { identifier: 'remote-controller', user: account!.id, intent: 'api', expiring: false }
  assert.equal((await api.ask('POST', 'core/tokens/', { json: made })).status, 201)
  const { key } = (await api.ask('GET', 'core/tokens/remote-controller/view_key/')).body
  assert.equal((await api.ask('GET', 'outposts/instances/', { as: key })).status, 200)
  await startController(CONTROLLER_TOKEN)
  for (const as of [CONTROLLER_TOKEN, key])
    assert.equal((await api.ask('GET', 'outposts/instances/', { as })).status, 200)
})

test('a controller writes no events: what happens to deployments, the core tells itself', async () => {
  const event = { action: 'custom_made', app: 'controller', context: {} }
  assert.equal((await asController('POST', 'events/events/', event)).status, 403)
})

test('somebody who goes by the name of the controllers is not made one', async () => {
  await using other = await startApi()
  const stranger = await other.plainUser('martello-controller')
  await ensureControllerAccount(other.ctx)
  assert.equal((await other.ask('GET', 'outposts/controller/config/', { as: stranger.token })).status, 403)
  assert.deepEqual(await other.ctx.db.select().from(userPermissions), [])
})

const wrongConfigs: ReadonlyArray<[config: object, named: RegExp]> = [
  [{ object_naming_template: 'x-%(nam)s' }, /object_naming_template/],
  [{ kubernetes_disabled_components: ['services'] }, /kubernetes_disabled_components/],
  [{ kubernetes_namespace: 'Team' }, /kubernetes_namespace/],
  [{ kubernetes_service_type: 'Anything' }, /kubernetes_service_type/],
  [{ docker_labels: { 'a b': 'c' } }, /docker_labels/],
  [
    { kubernetes_json_patches: { deployment: [{ op: 'test', path: '/kind', value: 'Deployment' }, { op: 'x' }] } },
    /deployment, operation 1/,
  ],
  [{ kubernetes_json_patches: { services: [] } }, /services\W+is not a component/],
  [{ authentik_host: 'a\u0000b' }, /Null characters/],
]
for (const [config, named] of wrongConfigs)
  test(`an outpost with ${JSON.stringify(config)} is refused on config`, async () => {
    const { pk } = await newOutpost()
    const { status, body } = await api.ask('PATCH', `outposts/instances/${pk}/`, { json: { config } })
    assert.deepEqual([status, Object.keys(body)], [400, ['config']])
    assert.match(JSON.stringify(body.config), named)
  })

test('CT-07: patches are tried again when what they are for changes, and never keep an outpost attached', async () => {
  const providers = [await newProvider(), await newProvider({ external_host: 'https://other.example.com' })]
  const connection = await newConnection()
  const { pk } = await newOutpost({
    providers: providers.map((each) => each.pk),
    service_connection: connection.pk,
    config: { kubernetes_json_patches: { ingress: [{ op: 'remove', path: '/spec/rules/1' }] } },
  })
  const patch = (json: object) => api.ask('PATCH', `outposts/instances/${pk}/`, { json })
  const refused = await patch({ providers: [providers[0].pk] })
  assert.deepEqual([refused.status, Object.keys(refused.body)], [400, ['config']])
  assert.match(refused.body.config[0], /ingress, operation 0/)
  assert.equal((await patch({ service_connection: null })).status, 200)
  assert.equal((await patch({ providers: [providers[0].pk], config: {} })).status, 200)
})

const looksAtKeys = async (identifier: string) =>
  (await api.ctx.db.select().from(events).where(eq(events.action, 'secret_view'))).filter(
    ({ context }) => context['identifier'] === identifier,
  ).length

test('a manifest for Kubernetes holds the key, for those who may see it, and is kept for auditors', async () => {
  const patches = { service: [{ op: 'add', path: '/metadata/annotations/mine', value: 'yes' }] }
  const { pk } = await newOutpost({ config: { kubernetes_json_patches: patches } })
  const path = `outposts/instances/${pk}/manifest/?kind=kubernetes`
  const [token] = await api.ctx.db
    .select()
    .from(tokens)
    .where(eq(tokens.identifier, tokenIdentifier(pk)))
  const viewer = await api.plainUser(name('viewer'))
  const statusOf = async (query = '') => (await api.ask('GET', `${path}${query}`, { as: viewer.token })).status
  const grant = (permission: string, objectPk: string) =>
    api.ctx.db.insert(userPermissions).values({ userId: viewer.id, permission, objectPk })
  assert.equal(await statusOf(), 404)
  await grant('authentik_outposts.view_outpost', pk)
  assert.deepEqual([await statusOf(), await statusOf('&secrets=false')], [403, 200])
  assert.equal(await looksAtKeys(token!.identifier), 0)
  await grant('authentik_core.view_token_key', token!.tokenUuid)
  assert.deepEqual([await statusOf(), await looksAtKeys(token!.identifier)], [200, 1])

  const answer = await api.ask('GET', path, { headers: { accept: 'application/yaml' } })
  assert.match(String(answer.headers.get('content-type')), /^application\/yaml/)
  const objects = parseAllDocuments(answer.body).map((document) => document.toJS())
  const of = (kind: string) => objects.find((each) => each.kind === kind)
  assert.equal(atob(of('Secret').data.token), revealKey(api.ctx, token!))
  assert.equal(atob(of('Secret').data.authentik_host), `${api.origin}/`)
  assert.equal(of('Service').metadata.annotations.mine, 'yes')
  const [container] = of('Deployment').spec.template.spec.containers
  assert.match(container.image, /^images\.test\/outpost:/)
  assert.equal(of('ServiceMonitor'), undefined)
  assert.match((await api.ask('GET', `${path}&optional=true`)).body, /kind: ServiceMonitor/)
})

test('a manifest without secrets says where to get the key', async () => {
  const { pk } = await newOutpost()
  const [token] = await api.ctx.db
    .select()
    .from(tokens)
    .where(eq(tokens.identifier, tokenIdentifier(pk)))
  const key = revealKey(api.ctx, token!)
  const { body } = await api.ask('GET', `outposts/instances/${pk}/manifest/?kind=kubernetes&secrets=false`)
  const [secret] = parseAllDocuments(body).map((document) => document.toJS())
  assert.match(secret.stringData.token, new RegExp(`${token!.identifier}/view_key/`))
  assert.equal(secret.data.token, undefined)
  for (const written of [key, btoa(key)]) assert.ok(!body.includes(written))
})

test('a manifest for Compose is the container, with the key for those who may see it', async () => {
  const { pk } = await newOutpost()
  const [token] = await api.ctx.db
    .select()
    .from(tokens)
    .where(eq(tokens.identifier, tokenIdentifier(pk)))
  const viewer = await api.plainUser(name('viewer'))
  await api.ctx.db
    .insert(userPermissions)
    .values({ userId: viewer.id, permission: 'authentik_outposts.view_outpost', objectPk: pk })
  const path = `outposts/instances/${pk}/manifest/?kind=compose`
  const environmentOf = ({ body }: ApiResponse): any => {
    const { version, services } = parseAllDocuments(body)[0]!.toJS()
    assert.equal(version, undefined)
    return (Object.values(services)[0] as any).environment
  }
  assert.equal((await api.ask('GET', path, { as: viewer.token })).status, 403)
  const shown = environmentOf(await api.ask('GET', path))
  assert.deepEqual([shown.AUTHENTIK_TOKEN, shown.AUTHENTIK_HOST], [revealKey(api.ctx, token!), `${api.origin}/`])
  const without = await api.ask('GET', `${path}&secrets=false`, { as: viewer.token })
  assert.match(environmentOf(without).AUTHENTIK_TOKEN, new RegExp(`${token!.identifier}/view_key/`))
  assert.ok(!without.body.includes(shown.AUTHENTIK_TOKEN))
})

test('PX-05: the headers that a provider adds are known to a controller, and in a manifest', async () => {
  const provider = await newProvider({ mode: 'forward_single', additional_headers: ['X-Remote-User'] })
  const connection = await newConnection()
  const { pk } = await newOutpost({ providers: [provider.pk], service_connection: connection.pk })
  const core = coreClient(new URL(api.origin), new Secret(CONTROLLER_TOKEN))
  const { outposts } = await new FleetReader(core, silentLogger).read()
  assert.deepEqual(outposts.get(pk)!.providers[0]!.proxy!.additionalHeaders, ['X-Remote-User'])
  const { body } = await api.ask('GET', `outposts/instances/${pk}/manifest/?kind=kubernetes&optional=true`)
  const objects = parseAllDocuments(body).map((document) => document.toJS())
  const { forwardAuth } = objects.find(({ kind }) => kind === 'Middleware').spec
  assert.ok(forwardAuth.authResponseHeaders.includes('X-Remote-User'))
})

const refusedManifests: ReadonlyArray<[query: string, field: string]> = [
  ['', 'kind'],
  ['?kind=helm', 'kind'],
  ['?kind=constructor', 'kind'],
  ['?kind=kubernetes&kubernetes_version=new', 'kubernetes_version'],
]
for (const [query, field] of refusedManifests)
  test(`a manifest of "${query}" is refused`, async () => {
    const { pk } = await newOutpost()
    const { status, body } = await api.ask('GET', `outposts/instances/${pk}/manifest/${query}`)
    assert.deepEqual([status, Object.keys(body)], [400, [field]])
  })

test('a controller reads and writes all that it works with, with the rights of its account', async () => {
  const connection = await newConnection()
  const outpost = await newOutpost({ service_connection: connection.pk })
  const core = coreClient(new URL(api.origin), new Secret(CONTROLLER_TOKEN))
  const reader = new FleetReader(core, silentLogger)
  const { outposts, connections, context } = await reader.read()
  const found = outposts.get(outpost.pk)!
  assert.equal(found.providers[0]!.proxy!.externalHost.href, 'https://app.example.com/')
  assert.deepEqual([found.connection, connections.get(connection.pk)?.kind], [connection.pk, 'docker'])
  assert.equal(context.imageTemplate, 'images.test/outpost:%(version)s')
  assert.match((await readToken(core, found)).reveal(), /^\w{60}$/)
  const setKey = `core/tokens/${found.tokenIdentifier}/set_key/`
  assert.equal((await api.ask('POST', setKey, { json: { key: 'k'.repeat(60) } })).status, 204)
  const after = (await reader.read()).outposts.get(outpost.pk)!
  assert.notEqual(after.tokenRevision, found.tokenRevision)
  assert.equal(found.tokenRevision.length, 22)

  await writeConnectionState(core, connection.pk, { healthy: true, version: '27', reason: '' })
  const record = { image: 'i', previous_image: '', rejected_image: '', rejected_why: '', rollout: 'Current', error: '' }
  const inventory = [{ apiVersion: '', kind: 'container', name: 'c' }]
  const kept = { ...recordOf(connection.pk), ...record, inventory, outpost: outpost.pk, objects: [] }
  await writeRecord(core, kept, 'a-controller-in-tests')
  const read = await reader.read()
  assert.deepEqual(read.records.get(outpost.pk), kept)
  assert.deepEqual([read.gone.has(outpost.pk), read.unserved.has(outpost.pk)], [false, true])
  await api.ask('DELETE', `outposts/instances/${outpost.pk}/`)
  const without = await reader.read()
  assert.deepEqual([without.outposts.has(outpost.pk), without.gone.has(outpost.pk)], [false, true])
  await dropRecord(core, outpost.pk)
  assert.equal((await reader.read()).records.get(outpost.pk), undefined)
})
