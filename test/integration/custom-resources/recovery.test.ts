import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { CUSTOM_KINDS } from '#schema/custom-resources/kinds.ts'
import { ADMIN_TOKEN, CONTROLLER_TOKEN } from '#test/support/core.ts'
import {
  type CustomResourcesBench,
  customResource,
  FLOW,
  proxyProvider,
  startCustomResourcesBench,
  startFrontEnd,
} from '#test/support/custom-resources-bench.ts'
import { hasKubernetes } from '#test/support/engines/kubernetes.ts'
import { startEngine, until } from '#test/support/engines/process.ts'
import { type LineCall, lineToCore } from '#test/support/line-to-core.ts'

let bench: CustomResourcesBench | undefined
before(async (t) => {
  if (await hasKubernetes(t as never)) bench = await startCustomResourcesBench()
})
after(() => bench?.[Symbol.asyncDispose]())

const apply = (...objects: object[]) => bench!.cluster.apply(...objects)
const kubectl = (...args: string[]) => bench!.cluster.kubectl('--namespace=apps', ...args)
const api = (method: string, path: string, body?: unknown) => bench!.core.api(method, path, body)
const isSynced = (kind: string, name: string) =>
  kubectl('wait', '--for=condition=Synced', `${kind}/${name}`, '--timeout=20s')
const reasonOf = async (kind: string, name: string, type: string): Promise<string | undefined> => {
  const { status = {} } = JSON.parse(await kubectl('get', kind, name, '--output=json'))
  return (status.conditions ?? []).find((each: any) => each.type === type)?.reason
}
const isSaid = (kind: string, name: string, type: string, reason: string) =>
  until(`${kind} ${name} is ${type}: ${reason}`, async () => (await reasonOf(kind, name, type)) === reason)
/** The status is about the spec as it is now. */
const isObserved = (kind: string, name: string) =>
  until(`${kind} ${name} is observed`, async () => {
    const { metadata, status } = JSON.parse(await kubectl('get', kind, name, '--output=json'))
    return status?.observedGeneration === metadata.generation
  })
const named = async (path: string, name: string): Promise<any[]> =>
  (await api('GET', `${path}?superuser_full_list=true`)).body.results.filter((each: any) => each.name === name)
const ownerships = async (query: string): Promise<any[]> =>
  (await api('GET', `/core/ownerships/?${query}`)).body.results

/** The controller as people start it, to be killed. */
const startController = (host: URL) =>
  startEngine({
    command: process.execPath,
    args: ['controllers/main.ts'],
    env: {
      PATH: process.env['PATH'],
      MARTELLO_HOST: host.href,
      MARTELLO_TOKEN: CONTROLLER_TOKEN,
      MARTELLO_CONTROLLER__KINDS: 'docker',
      MARTELLO_CONTROLLER__CUSTOM_RESOURCES: 'apps',
      MARTELLO_CONTROLLER__CUSTOM_RESOURCES_TOKEN: ADMIN_TOKEN,
      MARTELLO_CONTROLLER__CUSTOM_RESOURCES_CONNECTION: 'cluster',
    },
    ready: async () => true,
  })

const provider = { kind: 'ProxyProvider', name: 'killed' }
const radiusSecret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'killed', namespace: 'apps' },
  stringData: { secret: 'shared-secret-of-the-killed' },
}
/** In the order in which they refer to one another. */
const KILLED: Readonly<Record<string, readonly object[]>> = {
  ProxyProvider: [proxyProvider('killed')],
  LdapProvider: [customResource('LdapProvider', 'killed-ldap', { authorizationFlow: FLOW, baseDn: 'DC=killed' })],
  RadiusProvider: [
    radiusSecret,
    customResource('RadiusProvider', 'killed-radius', {
      authorizationFlow: FLOW,
      sharedSecretRef: { name: 'killed', key: 'secret' },
    }),
  ],
  Application: [customResource('Application', 'killed', { provider, access: { groups: ['staff'] } })],
  Outpost: [customResource('Outpost', 'killed', { type: 'proxy', providers: [provider] })],
}

suite('custom resources whose controller is disturbed', () => {
  for (const { kind, resource } of CUSTOM_KINDS)
    test(`${kind}: what a killed controller has just made is found as its own by the next`, async (t) => {
      if (bench === undefined) return t.skip('no Kubernetes')
      const path = `/${resource.path}`
      const object: any = KILLED[kind]!.at(-1)
      const made = Promise.withResolvers<void>()
      {
        await using line = await lineToCore(bench.core.url, async ({ method, path: called, status }) => {
          if (method !== 'POST' || called.split('?')[0] !== path || status !== 201) return
          made.resolve()
          await new Promise(() => {})
        })
        await apply(...KILLED[kind]!)
        await using controller = await startController(line.url)
        await made.promise
        controller.process.kill('SIGKILL')
      }
      const [left, ...others] = await named(path, object.metadata.name)
      assert.ok(left !== undefined && others.length === 0)
      await using _ = startFrontEnd(bench.core)
      await isSynced(kind, object.metadata.name)
      const [live, ...more] = await named(path, object.metadata.name)
      assert.equal(live.pk, left.pk)
      assert.equal(more.length, 0)
      const own = await ownerships(`model=${resource.model}&search=apps/${object.metadata.name}`)
      assert.equal(own.length, 1)
      if (kind !== 'Application') return
      assert.equal(live.provider, (await named('/providers/proxy/', 'killed'))[0].pk)
      const bindings = (await api('GET', `/policies/bindings/?target=${live.pk}`)).body.results
      assert.deepEqual(
        bindings.map((each: any) => each.group_obj.name),
        ['staff'],
      )
    })

  test('an answer that was lost is made up for', async (t) => {
    if (bench === undefined) return t.skip('no Kubernetes')
    let lost = 0
    await using line = await lineToCore(bench.core.url, async ({ method, path, status }) => {
      const isLost = method === 'POST' && path.startsWith('/providers/proxy/') && status === 201 && lost++ === 0
      return isLost ? 'cut' : undefined
    })
    await apply(proxyProvider('lost'))
    await using _ = startFrontEnd(bench.core, { host: line.url })
    await isSynced('ProxyProvider', 'lost')
    assert.equal(lost, 1)
  })

  test('what a person makes of that name just before stays theirs', async (t) => {
    if (bench === undefined) return t.skip('no Kubernetes')
    let theirs: any
    const byHand = async () => {
      const [flow] = (await api('GET', `/flows/instances/?slug=${FLOW}`)).body.results
      const body = { name: 'raced', authorization_flow: flow.pk, external_host: 'https://theirs.example.com' }
      return (await api('POST', '/providers/proxy/', { ...body, mode: 'forward_single' })).body
    }
    await using line = await lineToCore(bench.core.url, async ({ method, path, status }: LineCall) => {
      if (method === 'POST' && path.startsWith('/providers/proxy/') && status === undefined) theirs ??= await byHand()
    })
    await apply(proxyProvider('raced'))
    {
      await using _ = startFrontEnd(bench.core, { host: line.url })
      await isSaid('ProxyProvider', 'raced', 'Ready', 'Conflict')
    }
    const [live] = await named('/providers/proxy/', 'raced')
    assert.deepEqual([live.pk, live.external_host], [theirs.pk, 'https://theirs.example.com'])
    assert.deepEqual(await ownerships(`object=authentik_proxy.proxyprovider/${theirs.pk}`), [])
    await using _ = startFrontEnd(bench.core)
    await kubectl('delete', 'proxyprovider', 'raced', '--timeout=20s')
    assert.equal((await named('/providers/proxy/', 'raced')).length, 1)
  })

  test('an ownership that moved to a page already read does not leave its object behind', async (t) => {
    if (bench === undefined) return t.skip('no Kubernetes')
    await apply(proxyProvider('moved'))
    {
      await using _ = startFrontEnd(bench.core)
      await isSynced('ProxyProvider', 'moved')
    }
    const fill = (place: string) => (index: number) =>
      api('POST', '/core/ownerships/', {
        model: 'test.filler',
        object: `test.filler/${place}-${index}`,
        owner: `${place}-${index}`,
        source: `${place} filler`,
      })
    const first = await many(100, fill('A'))
    const last = await many(30, fill('Z'))
    const paging = shrinking('/core/ownerships/', first.splice(0, 20))
    await kubectl('delete', 'proxyprovider', 'moved', '--wait=false')
    {
      await using line = await lineToCore(bench.core.url, paging)
      await using _ = startFrontEnd(bench.core, { host: line.url })
      await kubectl('wait', '--for=delete', 'proxyprovider/moved', '--timeout=20s')
    }
    assert.deepEqual(await named('/providers/proxy/', 'moved'), [])
    assert.deepEqual(await ownerships('search=apps/moved'), [])
    await drop('/core/ownerships/', [...first, ...last])
  })

  test('a policy binding that moved to a page already read is not made again', async (t) => {
    if (bench === undefined) return t.skip('no Kubernetes')
    await api('POST', '/core/groups/', { name: 'readers' })
    const access = { groups: ['staff', 'readers'] }
    const annotations = { 'martello.io/on-drift': 'overwrite' }
    await apply(proxyProvider('bound'))
    await apply(
      customResource('Application', 'bound', { provider: { ...provider, name: 'bound' }, access }, { annotations }),
    )
    {
      await using _ = startFrontEnd(bench.core)
      await isSynced('Application', 'bound')
    }
    const [{ pk: target }] = await named('/core/applications/', 'bound')
    const bindings = async () => {
      const { results } = (await api('GET', `/policies/bindings/?target=${target}&page_size=1000`)).body
      return results.filter((each: any) => access.groups.includes(each.group_obj.name)).map((each: any) => each.pk)
    }
    const before = await bindings()
    assert.equal(before.length, 2)
    const { pk: group } = (await api('POST', '/core/groups/', { name: 'fillers' })).body
    const fill = (order: number) => () => api('POST', '/policies/bindings/', { target, group, order })
    const first = await many(100, fill(0))
    await many(30, fill(9))
    const paging = shrinking('/policies/bindings/', first.splice(0, 20))
    {
      await using line = await lineToCore(bench.core.url, paging)
      await using _ = startFrontEnd(bench.core, { host: line.url })
      await paging.after(2)
    }
    assert.deepEqual((await bindings()).sort(), before.sort())
    await api('DELETE', `/core/groups/${group}/`)
  })

  test('an application that a person has made in the place of a deleted one is theirs', async (t) => {
    if (bench === undefined) return t.skip('no Kubernetes')
    await using _ = startFrontEnd(bench.core)
    await apply(
      proxyProvider('replaced'),
      customResource('Application', 'replaced', {
        provider: { ...provider, name: 'replaced' },
        access: { everyone: true },
      }),
    )
    await isSynced('Application', 'replaced')
    await api('DELETE', '/core/applications/replaced/')
    await isSaid('Application', 'replaced', 'Ready', 'Missing')
    const { pk } = (await api('POST', '/core/applications/', { name: 'theirs', slug: 'replaced' })).body
    await kubectl('annotate', 'application/replaced', 'martello.io/on-drift=overwrite')
    await isSaid('Application', 'replaced', 'Ready', 'Conflict')
    await kubectl('delete', 'application', 'replaced', '--timeout=20s')
    const { body } = await api('GET', '/core/applications/replaced/')
    assert.deepEqual([body.pk, body.name, body.provider], [pk, 'theirs', null])
  })

  test('two controllers at once leave nothing behind that only one of them knows', async (t) => {
    if (bench === undefined) return t.skip('no Kubernetes')
    await api('POST', '/core/groups/', { name: 'partners' })
    const shared = (groups: string[]) =>
      customResource('Application', 'shared', { provider: { ...provider, name: 'shared' }, access: { groups } })
    await apply(proxyProvider('shared'), shared(['staff']))
    const both = Promise.withResolvers<void>()
    let asked = 0
    await using line = await lineToCore(bench.core.url, async ({ method, path, status }) => {
      if (method !== 'POST' || !path.startsWith('/policies/bindings/') || status !== undefined) return
      if (++asked === 2) both.resolve()
      await both.promise
    })
    {
      await using _ = startFrontEnd(bench.core)
      await isSynced('Application', 'shared')
    }
    const [{ pk }] = await named('/core/applications/', 'shared')
    const groups = async () =>
      (await api('GET', `/policies/bindings/?target=${pk}`)).body.results.map((each: any) => each.group_obj.name).sort()
    await using _ = startFrontEnd(bench.core, { host: line.url })
    await using __ = startFrontEnd(bench.core, { host: line.url })
    await apply(shared(['staff', 'partners']))
    await both.promise
    await isObserved('Application', 'shared')
    await isSaid('Application', 'shared', 'Synced', 'Synced')
    assert.deepEqual(await groups(), ['partners', 'staff'])
    await apply(shared(['staff']))
    await until('partners may not', async () => (await groups()).join() === 'staff')
    await kubectl('delete', 'application', 'shared', '--timeout=20s')
    assert.deepEqual(await ownerships('search=Application apps/shared'), [])
  })

  test('what another controller has taken away is not made again from an older reading', async (t) => {
    if (bench === undefined) return t.skip('no Kubernetes')
    const isGone = Promise.withResolvers<void>()
    let readings = 0
    await using line = await lineToCore(bench.core.url, async ({ method, path, status }) => {
      if (method !== 'GET' || !path.startsWith('/flows/instances/') || status !== undefined) return
      readings++
      await isGone.promise
    })
    {
      await using _ = startFrontEnd(bench.core)
      await apply(proxyProvider('late'))
      await isSynced('ProxyProvider', 'late')
      await using __ = startFrontEnd(bench.core, { host: line.url })
      await until('it is read', async () => readings === 1)
      await kubectl('delete', 'proxyprovider', 'late', '--timeout=20s')
      isGone.resolve()
      await until('the next reading', async () => readings > 1)
    }
    assert.deepEqual(await named('/providers/proxy/', 'late'), [])
    assert.deepEqual(await ownerships('search=apps/late'), [])
  })
})

/** The keys of as many objects as are asked for. */
async function many(count: number, make: (index: number) => Promise<{ body: any }>): Promise<string[]> {
  const made = await Promise.all(Array.from({ length: count }, (_, index) => make(index)))
  return made.map(({ body }) => body.pk)
}

const drop = (path: string, keys: readonly string[]) => Promise.all(keys.map((pk) => api('DELETE', `${path}${pk}/`)))

/** Deletes objects of a list once its first page has been read, so that what follows moves there unseen. */
function shrinking(list: string, keys: readonly string[]) {
  let rounds = 0
  const heard = async ({ method, path, status }: LineCall) => {
    const [called, query = ''] = path.split('?')
    if (method !== 'GET' || called !== list || status === undefined) return
    if (new URLSearchParams(query).get('page') !== '1') return
    if (rounds === 0) await drop(list, keys)
    rounds++
  }
  /** Once so many readings of the list, and what was made of all but the last, are over. */
  const after = (count: number) => until(`${list} read`, async () => rounds > count)
  return Object.assign(heard, { after })
}
