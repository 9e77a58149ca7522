import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMPONENTS } from '#schema/deployment/desired-object.ts'
import { exampleOutpost } from '#test/support/deployment-vectors.ts'
import { hasKubernetes } from '#test/support/engines/kubernetes.ts'
import { installCrds } from '#test/support/engines/kubernetes-crds.ts'
import { borrowKubernetes } from '#test/support/engines/kubernetes-shared.ts'
import { auditedUntilNow, Deployed, targetOf, writesOf } from '#test/support/kubernetes-deployment.ts'

const NAME = 'ak-outpost-obj-patches'
const EVERYTHING = {
  kubernetes_httproute_parent_refs: [{ name: 'gateway' }],
  kubernetes_network_policy: true,
  kubernetes_replicas: 2,
  kubernetes_replicas_max: 4,
}

test("CT-07 CT-19: the administrator's patches", async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await borrowKubernetes({ controllers: true })
  await installCrds(cluster)
  await using target = targetOf(cluster)
  const deployed = new Deployed(target, exampleOutpost(EVERYTHING))
  const json = async (...args: string[]) => JSON.parse(await cluster.kubectl('get', '--output=json', ...args))

  /** After a pass, the second writes nothing. */
  const settle = async () => {
    const statuses = await deployed.apply()
    const from = await auditedUntilNow(cluster)
    await deployed.apply()
    await auditedUntilNow(cluster)
    assert.deepEqual(writesOf(cluster, 'admin', from), [])
    return statuses
  }
  const at = '/metadata/annotations'
  const every = [
    { op: 'add', path: `${at}/example.com~1a`, value: '1' },
    { op: 'test', path: `${at}/example.com~1a`, value: '1' },
    { op: 'copy', from: `${at}/example.com~1a`, path: `${at}/example.com~1b` },
    { op: 'move', from: `${at}/example.com~1b`, path: `${at}/example.com~1c` },
    { op: 'replace', path: `${at}/example.com~1c`, value: '3' },
    { op: 'remove', path: `${at}/example.com~1a` },
  ]

  await t.test('CT-19: every operation on every kind, twice', async () => {
    deployed.settings = { kubernetes_json_patches: Object.fromEntries(COMPONENTS.map((each) => [each, every])) }
    const statuses = await settle()
    assert.deepEqual(Object.keys(statuses), [...COMPONENTS])
    assert.ok(
      Object.values(statuses).every((status) => /^(?:ready|progressing)|NoMatching|Unsched/.test(status)),
      JSON.stringify(statuses),
    )
    for (const { kind, apiVersion, name } of deployed.inventory) {
      const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : ''
      const { annotations } = (await json(`${kind}${group}`, name)).metadata
      assert.equal(annotations['example.com/c'], '3', kind)
      assert.equal(annotations['example.com/a'], undefined, kind)
    }
  })

  const container = '/spec/template/spec/containers'
  const special: ReadonlyArray<[what: string, component: string, patch: Record<string, unknown>[]]> = [
    [
      'a side-car that is the first container',
      'deployment',
      [{ op: 'add', path: `${container}/0`, value: { name: 'first', image: 'registry.example.com/first:1' } }],
    ],
    [
      'more at the end of lists',
      'deployment',
      [
        { op: 'add', path: `${container}/0/env/-`, value: { name: 'EXTRA', value: '' } },
        { op: 'add', path: `${container}/0/ports/-`, value: { containerPort: 9999 } },
        { op: 'add', path: '/spec/template/spec/tolerations', value: [{ operator: 'Exists' }] },
      ],
    ],
    [
      'quantities that the server writes in its own way',
      'deployment',
      [
        { op: 'replace', path: `${container}/0/resources`, value: { limits: { cpu: '1000m', memory: '0.5Gi' } } },
        { op: 'remove', path: '/spec/template/spec/terminationGracePeriodSeconds' },
      ],
    ],
    ['a value that only goes in', 'secret', [{ op: 'add', path: '/stringData', value: { extra: 'e' } }]],
    [
      'one more port',
      'service',
      [{ op: 'add', path: '/spec/ports/-', value: { name: 'more', port: 81, protocol: 'TCP' } }],
    ],
    ['an address for the internet', 'service', [{ op: 'replace', path: '/spec/type', value: 'LoadBalancer' }]],
    [
      'fields of another project',
      'traefik middleware',
      [
        { op: 'add', path: '/spec/forwardAuth/maxBodySize', value: 1024 },
        { op: 'add', path: '/spec/forwardAuth/authResponseHeaders/-', value: 'X-More' },
        { op: 'remove', path: '/spec/forwardAuth/trustForwardHeader' },
      ],
    ],
    ['an interval', 'prometheus servicemonitor', [{ op: 'add', path: '/spec/endpoints/0/interval', value: '30s' }]],
    ['a filter', 'httproute', [{ op: 'add', path: '/spec/rules/0/filters', value: [{ type: 'RequestMirror' }] }]],
    ['one more host', 'ingress', [{ op: 'add', path: '/spec/rules/-', value: { host: 'more.example.com' } }]],
    ['another limit', 'pod disruption budget', [{ op: 'replace', path: '/spec/maxUnavailable', value: '50%' }]],
    ['another limit', 'horizontal pod autoscaler', [{ op: 'replace', path: '/spec/maxReplicas', value: 9 }]],
    ['who may come in', 'network policy', [{ op: 'add', path: '/spec/ingress/0/from', value: [{ podSelector: {} }] }]],
  ]
  for (const [what, component, patch] of special)
    await t.test(`CT-19: ${what} (${component})`, async () => {
      deployed.settings = { kubernetes_json_patches: { [component]: patch } }
      const statuses = await settle()
      assert.match(statuses[component]!, /^(?:ready|progressing)|NoMatching|Unsched/)
    })

  await t.test('CT-19: what a patch has set goes with the patch', async () => {
    deployed.settings = { kubernetes_json_patches: null }
    await settle()
    const { spec } = await json('deployment', NAME)
    assert.deepEqual(
      spec.template.spec.containers.map(({ name }: { name: string }) => name),
      ['proxy'],
    )
    assert.equal(spec.template.spec.tolerations, undefined)
    assert.equal((await json('service', NAME)).metadata.annotations?.['example.com/c'], undefined)
    assert.equal((await json('secret', NAME)).data.extra, undefined)
    const { forwardAuth } = (await json('middlewares.traefik.io', NAME)).spec
    assert.equal(forwardAuth.maxBodySize, undefined)
    assert.equal(forwardAuth.trustForwardHeader, true)
  })

  await t.test(
    'CT-07: a patch that cannot be applied names its operation; its object stays, the others go on',
    async () => {
      const before = (await json('ingress', NAME)).metadata.resourceVersion
      const patch = [every[0]!, { op: 'remove', path: '/spec/nosuch' }]
      deployed.settings = {
        kubernetes_json_patches: { ingress: patch, nosuch: patch },
        authentik_host: 'https://new.example.com/',
      }
      const statuses = await deployed.apply()
      assert.equal(statuses['ingress'], 'rejected PatchRejected')
      assert.match(deployed.messageOf('ingress'), /^operation 1 of its JSON patch: .*\/spec\/nosuch/)
      assert.equal(statuses['nosuch'], 'rejected PatchRejected')
      assert.equal((await json('ingress', NAME)).metadata.resourceVersion, before)
      assert.equal(atob((await json('secret', NAME)).data.authentik_host), 'https://new.example.com/')
      assert.ok(deployed.inventory.some(({ kind }) => kind === 'Ingress'))
      assert.match((await deployed.plan())['ingress']!, /^skip operation 1/)
    },
  )
})
