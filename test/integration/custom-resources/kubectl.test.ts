import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LocalListen } from '#controllers/desired/local-process.ts'
import { CUSTOM_KINDS } from '#schema/custom-resources/kinds.ts'
import type { TestCore } from '#test/support/core.ts'
import {
  customResource,
  FLOW,
  proxyProvider,
  startCustomResourcesBench,
  startFrontEnd,
} from '#test/support/custom-resources-bench.ts'
import { hasKubernetes, type Kubernetes } from '#test/support/engines/kubernetes.ts'
import { freePorts, until } from '#test/support/engines/process.ts'
import { startTestController } from '#test/support/test-controller.ts'

let cluster: Kubernetes | undefined
let core: TestCore
const started = new AsyncDisposableStack()
before(async (t) => {
  if (!(await hasKubernetes(t as never))) return
  ;({ cluster, core } = started.use(await startCustomResourcesBench()))
  started.use(startFrontEnd(core))
})
after(() => started.disposeAsync())

const application = (name: string, spec: object = {}) =>
  customResource('Application', name, {
    provider: { kind: 'ProxyProvider', name },
    access: { groups: ['staff'] },
    ...spec,
  })

const kubectl = (...args: string[]) => cluster!.kubectl('--namespace=apps', ...args)
const statusOf = async (kind: string, name: string) =>
  JSON.parse(await kubectl('get', kind, name, '--output=json')).status ?? {}
const conditionOf = async (kind: string, name: string, type: string) =>
  ((await statusOf(kind, name)).conditions ?? []).find((each: any) => each.type === type)
const isSaid = (kind: string, name: string, type: string, reason: string) =>
  until(
    `${kind} ${name} is ${type}: ${reason}`,
    async () => (await conditionOf(kind, name, type))?.reason === reason,
  ).catch(async (error) => {
    throw new Error(`${error.message}: ${JSON.stringify(await statusOf(kind, name))}`)
  })
/** The status is about the spec as it is now. */
const isObserved = (kind: string, name: string) =>
  until(`${kind} ${name} is observed`, async () => {
    const { metadata, status } = JSON.parse(await kubectl('get', kind, name, '--output=json'))
    return status?.observedGeneration === metadata.generation
  })
const there = (...args: string[]) => cluster!.kubectl(...args, '--namespace=elsewhere')
const isReady = (kind: string, name: string) =>
  kubectl('wait', '--for=condition=Ready', `${kind}/${name}`, '--timeout=30s')
const proxyNamed = async (name: string) =>
  (await core.api('GET', `/providers/proxy/?name__iexact=${name}`)).body.results[0]
const applicationOf = async (slug: string) => core.api('GET', `/core/applications/${slug}/`)
const groupsOf = async (target: string): Promise<string[]> =>
  (await core.api('GET', `/policies/bindings/?target=${target}`)).body.results
    .map((each: any) => each.group_obj?.name)
    .sort()

suite('custom resources', () => {
  test('kubectl apply makes the objects in the core, whatever comes first', async (t) => {
    if (cluster === undefined) return t.skip('no Kubernetes')
    await cluster.apply(application('wiki', { metaDescription: 'What we know' }))
    await isSaid('application', 'wiki', 'Ready', 'ReferenceNotFound')
    assert.match((await conditionOf('application', 'wiki', 'Ready')).message, /ProxyProvider "wiki" makes is not there/)
    await cluster.apply(proxyProvider('wiki'))
    await isReady('proxyprovider', 'wiki')
    await isReady('application', 'wiki')
    const made = await proxyNamed('wiki')
    assert.equal(made.external_host, 'https://wiki.example.com')
    const { body } = await applicationOf('wiki')
    assert.equal(body.provider, made.pk)
    assert.equal(body.meta_description, 'What we know')
    assert.deepEqual(await groupsOf(body.pk), ['staff'])
    assert.match(
      await kubectl('get', 'martello'),
      /proxyprovider\S*\/wiki +forward_single +https:\/\/wiki\.example\.com +True +True/,
    )
  })

  test('what the schema does not allow is refused by the cluster', async (t) => {
    if (cluster === undefined) return t.skip('no Kubernetes')
    const wrong: ReadonlyArray<[object: object, problem: RegExp]> = [
      [proxyProvider('x', { mode: 'open' }), /spec\.mode: Unsupported value: "open"/],
      [customResource('ProxyProvider', 'x', { authorizationFlow: FLOW }), /missing required field "externalHost"/],
      [customResource('Application', 'x', {}), /missing required field "access"/],
      [application('x', { access: {} }), /spec\.access.*must validate one and only one schema/],
      [application('x', { access: { groups: [] } }), /spec\.access\.groups.*at least 1 items/],
      [application('x', { access: { groups: ['staff'], everyone: true } }), /must validate one and only one schema/],
      [
        customResource('Outpost', 'x', { type: 'telnet', providers: [{ kind: 'ProxyProvider', name: 'x' }] }),
        /spec\.type/,
      ],
    ]
    for (const [object, problem] of wrong) await assert.rejects(cluster.apply(object), problem)
  })

  test('a change of the spec is brought there; a pass without one writes nothing', async (t) => {
    if (cluster === undefined) return t.skip('no Kubernetes')
    await cluster.apply(proxyProvider('wiki', { externalHost: 'https://w.example.com' }))
    await until('the new host', async () => (await proxyNamed('wiki')).external_host === 'https://w.example.com')
    await isObserved('proxyprovider', 'wiki')
    const events = async () => (await core.api('GET', '/events/events/?action=model_updated')).body.pagination.count
    const writes = () => cluster!.auditLog().filter(({ user, verb }) => user === 'controller' && verb === 'patch')
    const [eventsBefore, writesBefore] = [await events(), writes().length]
    const lists = () => cluster!.auditLog().filter(({ user, verb }) => user === 'controller' && verb === 'list')
    const passes = lists().length
    await until('two more passes', async () => lists().length > passes + 2 * CUSTOM_KINDS.length)
    assert.equal(await events(), eventsBefore)
    assert.equal(writes().length, writesBefore)
  })

  test('what people change in the core is told of, and undone only where that is asked for', async (t) => {
    if (cluster === undefined) return t.skip('no Kubernetes')
    const { pk } = await proxyNamed('wiki')
    await core.api('PATCH', `/providers/proxy/${pk}/`, { external_host: 'https://changed.example.com' })
    await isSaid('proxyprovider', 'wiki', 'Synced', 'Drifted')
    assert.match((await conditionOf('proxyprovider', 'wiki', 'Synced')).message, /external_host/)
    assert.equal((await conditionOf('proxyprovider', 'wiki', 'Ready')).status, 'True')
    // Another field of the spec leaves it so.
    await cluster.apply(proxyProvider('wiki', { externalHost: 'https://w.example.com', interceptHeaderAuth: false }))
    await until('the other field', async () => (await proxyNamed('wiki')).intercept_header_auth === false)
    assert.equal((await proxyNamed('wiki')).external_host, 'https://changed.example.com')
    await kubectl('annotate', 'proxyprovider/wiki', 'martello.io/on-drift=overwrite')
    await until('it is undone', async () => (await proxyNamed('wiki')).external_host === 'https://w.example.com')
    await isSaid('proxyprovider', 'wiki', 'Synced', 'Synced')
    await kubectl('annotate', 'proxyprovider/wiki', 'martello.io/on-drift-')
  })

  test('who may use an application follows the spec', async (t) => {
    if (cluster === undefined) return t.skip('no Kubernetes')
    await core.api('POST', '/core/groups/', { name: 'editors' })
    const { pk } = (await applicationOf('wiki')).body
    await cluster.apply(application('wiki', { access: { groups: ['editors'] } }))
    await until('editors may', async () => (await groupsOf(pk)).join() === 'editors')
    const [binding] = (await core.api('GET', `/policies/bindings/?target=${pk}`)).body.results
    await core.api('DELETE', `/policies/bindings/${binding.pk}/`)
    await isSaid('application', 'wiki', 'Synced', 'Drifted')
    assert.deepEqual(await groupsOf(pk), [])
    await kubectl('annotate', 'application/wiki', 'martello.io/on-drift=overwrite')
    await until('editors may again', async () => (await groupsOf(pk)).join() === 'editors')
  })

  test('what is there already is not taken over without being asked to', async (t) => {
    if (cluster === undefined) return t.skip('no Kubernetes')
    const { pk } = await proxyNamed('sample')
    await cluster.apply(proxyProvider('sample', { externalHost: 'https://taken.example.com' }))
    await isSaid('proxyprovider', 'sample', 'Ready', 'Conflict')
    assert.notEqual((await proxyNamed('sample')).external_host, 'https://taken.example.com')
    await kubectl('annotate', 'proxyprovider/sample', 'martello.io/adopt=true')
    await isReady('proxyprovider', 'sample')
    assert.equal((await proxyNamed('sample')).external_host, 'https://taken.example.com')
    assert.equal((await proxyNamed('sample')).pk, pk)
    // Two custom resources never share an object.
    await cluster.apply(proxyProvider('another', { name: 'sample' }, { annotations: { 'martello.io/adopt': 'true' } }))
    await isSaid('proxyprovider', 'another', 'Ready', 'Conflict')
    assert.match((await conditionOf('proxyprovider', 'another', 'Ready')).message, /kept by ProxyProvider apps\/sample/)
    await kubectl('delete', 'proxyprovider', 'another')
    assert.equal((await proxyNamed('sample')).pk, pk)
  })

  test('what was deleted in the core stays so until somebody asks for it', async (t) => {
    if (cluster === undefined) return t.skip('no Kubernetes')
    await cluster.apply(proxyProvider('gone'))
    await isReady('proxyprovider', 'gone')
    await core.api('DELETE', `/providers/proxy/${(await proxyNamed('gone')).pk}/`)
    await isSaid('proxyprovider', 'gone', 'Ready', 'Missing')
    assert.equal(await proxyNamed('gone'), undefined)
    await cluster.apply(proxyProvider('gone', { cookieDomain: 'example.com' }))
    await isReady('proxyprovider', 'gone')
    assert.equal((await proxyNamed('gone')).cookie_domain, 'example.com')
    await kubectl('annotate', 'proxyprovider/gone', 'martello.io/on-delete=retain')
    await kubectl('delete', 'proxyprovider', 'gone', '--timeout=30s')
    assert.ok(await proxyNamed('gone'), 'kept, as the annotation says')
  })

  test('what the core refuses is said in words of the spec', async (t) => {
    if (cluster === undefined) return t.skip('no Kubernetes')
    await cluster.apply(proxyProvider('refused', { externalHost: 'gopher://x' }))
    await isSaid('proxyprovider', 'refused', 'Ready', 'Rejected')
    assert.match((await conditionOf('proxyprovider', 'refused', 'Ready')).message, /^externalHost: Enter a valid URL/)
    await kubectl('delete', 'proxyprovider', 'refused', '--timeout=30s')
  })

  test('secrets come from Secrets, and changes of them are brought on', async (t) => {
    if (cluster === undefined) return t.skip('no Kubernetes')
    const radius = customResource('RadiusProvider', 'switches', {
      authorizationFlow: FLOW,
      clientNetworks: '192.0.2.0/24',
      sharedSecretRef: { name: 'switches', key: 'secret' },
    })
    const secret = (value: string) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'switches', namespace: 'apps' },
      stringData: { secret: value },
    })
    await cluster.apply(radius)
    await isSaid('radiusprovider', 'switches', 'Ready', 'ReferenceNotFound')
    await cluster.apply(secret('first-shared-secret'))
    await isReady('radiusprovider', 'switches')
    const served = async () => {
      const { results } = (await core.api('GET', '/outposts/radius/')).body
      return results.find((each: any) => each.name === 'switches')?.shared_secret
    }
    const { pk } = (await core.api('GET', '/providers/radius/?name__iexact=switches')).body.results[0]
    await core.api('POST', '/core/applications/', { name: 'switches', slug: 'switches', provider: pk })
    await until('the first secret', async () => (await served()) === 'first-shared-secret')
    await cluster.apply(secret('second-shared-secret'))
    await until('the second secret', async () => (await served()) === 'second-shared-secret')
    const { results } = (await core.api('GET', '/core/ownerships/?search=switches')).body
    assert.doesNotMatch(JSON.stringify(results), /shared-secret/)
  })

  test('CT-14: other namespaces do not count, neither by themselves nor as references', async (t) => {
    if (cluster === undefined) return t.skip('no Kubernetes')
    await cluster.apply(proxyProvider('stranger', {}, { namespace: 'elsewhere' }), proxyProvider('last'))
    await isReady('proxyprovider', 'last')
    assert.equal(await proxyNamed('stranger'), undefined)
    await cluster.apply(application('stranger'))
    await isSaid('application', 'stranger', 'Ready', 'ReferenceNotFound')
    assert.equal((await applicationOf('stranger')).status, 404)
  })

  test('CT-14: an outpost is deployed into the namespace of its custom resource, and nowhere else', async (t) => {
    if (cluster === undefined) return t.skip('no Kubernetes')
    const away = customResource('Outpost', 'away', {
      type: 'proxy',
      providers: [{ kind: 'ProxyProvider', name: 'last' }],
      serviceConnection: 'cluster',
      config: { authentik_host: core.url, kubernetes_namespace: 'elsewhere' },
    })
    await cluster.apply(away)
    await isSaid('outpost', 'away', 'Ready', 'Forbidden')
    const named = async () => (await core.api('GET', '/outposts/instances/?name__iexact=away')).body.results
    assert.deepEqual(await named(), [])
    await cluster.apply({ ...away, spec: { ...away.spec, config: { authentik_host: core.url } } })
    await until('the outpost', async () => (await named())[0]?.config.kubernetes_namespace === 'apps')
    await kubectl('delete', 'outpost', 'away', '--timeout=30s')
  })

  test('CT-05: a namespace that may not be looked into holds up no other', async (t) => {
    if (cluster === undefined) return t.skip('no Kubernetes')
    await cluster.kubectl('delete', 'clusterrolebinding', 'cr')
    const role = ['rolebinding', 'cr', '--clusterrole=custom-resources', '--user=controller']
    for (const namespace of ['apps', 'elsewhere']) await cluster.kubectl('create', ...role, `--namespace=${namespace}`)
    {
      await using _ = startFrontEnd(core, { namespaces: ['default', 'elsewhere'] })
      await cluster.apply(proxyProvider('allowed', {}, { namespace: 'elsewhere' }))
      await there('wait', '--for=condition=Ready', 'proxyprovider/allowed', '--timeout=30s')
    }
    await cluster.kubectl('create', 'clusterrolebinding', 'cr', '--clusterrole=custom-resources', '--user=controller')
  })

  test('without the core nobody knows how things are, and that is said', async (t) => {
    if (cluster === undefined) return t.skip('no Kubernetes')
    const isSaidThere = (status: string, reason: string) =>
      there('wait', `--for=condition=Ready=${status}`, 'proxyprovider/unseen', '--timeout=30s').then(async () =>
        assert.match(await there('get', 'proxyprovider', 'unseen', '--output=yaml'), new RegExp(`reason: ${reason}`)),
      )
    await cluster.apply(proxyProvider('unseen', {}, { namespace: 'elsewhere' }))
    {
      await using _ = startFrontEnd(core, { namespaces: ['elsewhere'] })
      await isSaidThere('True', 'Applied')
    }
    const [closed] = await freePorts(1)
    {
      await using _ = startFrontEnd(core, { namespaces: ['elsewhere'], host: new URL(`http://127.0.0.1:${closed}`) })
      await isSaidThere('Unknown', 'CoreUnreachable')
    }
    await using _ = startFrontEnd(core, { namespaces: ['elsewhere'] })
    await isSaidThere('True', 'Applied')
    await there('delete', 'proxyprovider', '--all', '--timeout=30s')
  })

  test('kubectl wait sees an outpost serve; deleting it takes everything away', async (t) => {
    if (cluster === undefined) return t.skip('no Kubernetes')
    await using _ = await startLocalController()
    const outpost = customResource('Outpost', 'edge', {
      type: 'proxy',
      providers: [{ kind: 'ProxyProvider', name: 'wiki' }],
      serviceConnection: 'This machine',
      config: { authentik_host: core.url },
    })
    await cluster.apply(outpost)
    await kubectl('wait', '--for=condition=Ready', 'outpost/edge', '--timeout=60s')
    assert.match(await kubectl('get', 'outposts'), /edge +proxy +1 +\S+ +True +True +Serving/)
    const { body } = await core.api('GET', '/outposts/instances/?name__iexact=edge')
    assert.equal(body.results.length, 1)
    await kubectl('delete', 'outpost', 'edge', '--timeout=30s')
    assert.equal((await core.api('GET', '/outposts/instances/?name__iexact=edge')).body.results.length, 0)
    await kubectl('delete', 'application,proxyprovider,radiusprovider', '--all', '--timeout=60s')
    assert.equal((await applicationOf('wiki')).status, 404)
    assert.equal(await proxyNamed('wiki'), undefined)
    assert.deepEqual((await core.api('GET', '/core/ownerships/')).body.results, [])
  })
})

/** A controller of this machine, for an outpost on a service connection of its own ports. */
async function startLocalController(): Promise<AsyncDisposable> {
  for (const name of ['proxy', 'ldap', 'radius']) {
    const [found] = (await core.api('GET', `/outposts/instances/?name__iexact=${name}`)).body.results
    if (found !== undefined) await core.api('DELETE', `/outposts/instances/${found.pk}/`)
  }
  const ports = await freePorts(8)
  const at = (index: number) => ({ host: '127.0.0.1', port: ports[index]!, setting: 'test' })
  const listen: LocalListen = {
    proxy: { http: at(0), https: at(1), metrics: at(2) },
    ldap: { ldap: at(3), ldaps: at(4), metrics: at(5) },
    radius: { radius: at(6), metrics: at(7) },
  }
  return startTestController(core, { kinds: ['local'], listen })
}
