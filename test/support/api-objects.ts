import assert from 'node:assert/strict'
import type { Binding } from '#core/api/binding.ts'
import { FEEDS } from '#core/api/outpost-feeds.ts'
import { BINDINGS } from '#core/api/resources.ts'
import type { Route } from '#core/api/route.ts'
import { revocations } from '#core/store/tables/outposts.ts'
import { sessions, userPermissions } from '#core/store/tables/users.ts'
import { permissionFor } from '#schema/api/resource.ts'
import type { ApiBench } from './api-bench.ts'

/** Every secret of the objects begins with it. */
export const SECRET = 'HUSH'

type Body = Readonly<Record<string, any>>
/** The objects by their model; a polymorphic model has the object of one of its kinds. */
export type Objects = ReadonlyMap<string, Body>

/** One object of every resource, everything that can hold a secret with one in it, bound so that hardly anybody gets in. */
export async function makeObjects(api: ApiBench): Promise<Objects> {
  const made = new Map<string, Body>()
  const bindingOf = (path: string) => BINDINGS.find(({ resource }) => resource.path === path)!
  const keep = ({ resource, base }: Binding, body: Body) => {
    made.set(resource.model, body)
    if (base !== undefined) made.set(base, body)
  }
  const make = async (path: string, json: object): Promise<Body> => {
    const { status, body } = await api.ask('POST', path, { json })
    assert.equal(status, 201, `${path} ${JSON.stringify(body)}`)
    keep(bindingOf(path), body)
    return body
  }

  const user = await make('core/users/', { username: 'subject', name: 'Subject' })
  const closed = await make('core/groups/', { name: 'closed', users: [user['pk']] })
  await make('core/tokens/', { identifier: 'quiet', user: user['pk'] })
  await api.ask('POST', 'core/tokens/quiet/set_key/', { json: { key: `${SECRET}-token` } })
  const flow = await make('flows/instances/', { name: 'f', slug: 'f', title: 'f', designation: 'authorization' })
  await makeStages(make, flow['pk'])
  const pair = await makePair(api)
  keep(bindingOf('crypto/certificatekeypairs/'), pair)
  const providers = await makeProviders(make, { flow: flow['pk'], certificate: pair['pk'] })
  for (const provider of providers) {
    const slug = `app-${provider['name']}`
    const application = await make('core/applications/', { name: slug, slug, provider: provider['pk'] })
    await make('policies/bindings/', { target: application['pk'], group: closed['pk'], order: 0 })
  }
  await make('core/tenants/', { domain: 'brand.test', web_certificate: pair['pk'] })
  await make('policies/dummy/', { name: 'dummy' })
  await make('policies/expression/', { name: 'expression', expression: 'true' })
  const outpost = await makeOutposts(make, { provider: providers[0]!['pk'], pair: pair['pk'] })
  keep(bindingOf('outposts/deployments/'), await makeDeployment(api, outpost))
  const model = 'authentik_outposts.outpost'
  await make('core/ownerships/', {
    model,
    object: `${model}/${outpost['pk']}`,
    owner: 'kubernetes/1',
    source: 'a test',
  })
  await make('managed/blueprints/', { name: 'own', content: 'version: 1\nmetadata:\n  name: x\nentries: []\n' })
  await make('events/events/', { action: 'custom_x', app: 'x', context: { password: `${SECRET}-event` } })
  keep(bindingOf('core/authenticated_sessions/'), await makeSession(api, user['pk']))
  return made
}

type Make = (path: string, json: object) => Promise<Body>

async function makeStages(make: Make, target: string): Promise<void> {
  const stages = [
    await make('stages/dummy/', { name: 'dummy' }),
    await make('stages/user_logout/', { name: 'logout' }),
    await make('stages/user_login/', { name: 'login' }),
    await make('stages/password/', { name: 'password', backends: ['authentik.core.auth.InbuiltBackend'] }),
    await make('stages/identification/', { name: 'identification', user_fields: ['username'] }),
  ]
  for (const [order, { pk: stage }] of stages.entries()) await make('flows/bindings/', { target, stage, order })
}

async function makePair(api: ApiBench): Promise<Body> {
  const json = { common_name: 'pair', validity_days: 2 }
  const { status, body } = await api.ask('POST', 'crypto/certificatekeypairs/generate/', { json })
  assert.equal(status, 200)
  return body
}

async function makeProviders(make: Make, { flow, certificate }: { flow: string; certificate: string }) {
  const mapping = await make('propertymappings/scope/', { name: 'm', scope_name: 'm', expression: '{}' })
  const common = { authorization_flow: flow, property_mappings: [mapping['pk']] }
  const hosts = { external_host: 'https://a.test', internal_host: 'http://b.test' }
  return [
    await make('providers/proxy/', { ...common, ...hosts, name: 'proxy', certificate }),
    await make('providers/ldap/', { ...common, name: 'ldap', certificate }),
    await make('providers/radius/', { ...common, name: 'radius', shared_secret: `${SECRET}-radius` }),
    await make('providers/oauth2/', { ...common, name: 'oauth2', client_secret: `${SECRET}-oauth2` }),
  ]
}

async function makeOutposts(make: Make, { provider, pair }: { provider: number; pair: string }): Promise<Body> {
  const kubeconfig = {
    clusters: [{ name: 'c', cluster: { server: 'https://k.test' } }],
    users: [{ name: 'u', user: { token: `${SECRET}-kubeconfig` } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  const base = 'outposts/service_connections/'
  await make(`${base}kubernetes/`, { name: 'kubernetes', kubeconfig })
  await make(`${base}docker/`, { name: 'docker', url: 'http://docker.test', tls_authentication: pair })
  const local = await make(`${base}local/`, { name: 'local' })
  const served = { providers: [provider], service_connection: local['pk'] }
  return make('outposts/instances/', { ...served, name: 'edge', type: 'proxy', config: {} })
}

/** What a controller keeps about an outpost; it alone can make one. */
async function makeDeployment(api: ApiBench, outpost: Body): Promise<Body> {
  const record = {
    outpost_name: outpost['name'],
    connection: outpost['service_connection'],
    inventory: [],
    objects: [],
    reconciled: new Date(0).toISOString(),
  }
  const { status, body } = await api.ask('PUT', `outposts/deployments/${outpost['pk']}/`, { json: record })
  assert.equal(status, 200, JSON.stringify(body))
  return body
}

async function makeSession({ ctx }: ApiBench, userId: number): Promise<Body> {
  const expires = new Date(Date.now() + 3_600_000)
  const [session] = await ctx.db
    .insert(sessions)
    .values({ keyHash: `${SECRET}-session`, userId, expires })
    .returning()
  await ctx.db
    .insert(revocations)
    .values({ kind: 'user', userId, userUid: 'x', username: 'subject', reason: 'ended', expires })
  return session!
}

const FEED_MODELS: ReadonlyMap<string, string> = new Map(
  ['proxy', 'ldap', 'radius'].map((kind) => [`outposts/${kind}/`, `authentik_providers_${kind}.${kind}provider`]),
)

/** The path of a route with the keys of existing objects in it; a route that none of them fits is an error. */
export function concretePath(objects: Objects, { path }: Pick<Route, 'path'>): string {
  if (!path.includes('{')) return path
  const [name] = /(?<=\{)\w+(?=\})/.exec(path)!
  if (name === 'sequence') return path.replace('{sequence}', '1')
  const { resource } = [...BINDINGS, ...FEEDS].find((binding) => path.startsWith(`${binding.resource.path}{`))!
  const object = objects.get(FEED_MODELS.get(resource.path) ?? resource.model)
  const key = object?.[resource.key.field] ?? object?.['uuid']
  assert.ok(name === resource.key.parameter && key !== undefined, `no object for ${path}`)
  return path.replace(`{${name}}`, String(key))
}

/** Somebody who may see everything, and do nothing: a permission to look at secrets is not one to see their objects. */
export async function makeViewer(api: ApiBench): Promise<{ readonly id: number; readonly token: string }> {
  const viewer = await api.plainUser('viewer')
  const permissions = [
    ...BINDINGS.map(({ resource }) => permissionFor('view', resource.model)),
    'authentik_flows.view_flow_cache',
    'authentik_policies.view_policy_cache',
  ]
  await api.ctx.db
    .insert(userPermissions)
    .values(permissions.map((permission) => ({ userId: viewer.id, permission, objectPk: null })))
  return viewer
}
