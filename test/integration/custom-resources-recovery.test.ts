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
      assert.equal((await ownerships(`search=${kind} apps/${object.metadata.name} `)).length, 1)
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
})
