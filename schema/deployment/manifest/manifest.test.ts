import assert from 'node:assert/strict'
import test from 'node:test'
import { parseAllDocuments } from 'yaml'
import { exampleOutpost, RECORDED_CONTEXT, RECORDED_SECRETS } from '#test/support/deployment-vectors.ts'
import { COMPONENTS } from '../desired-object.ts'
import { desiredObjects } from '../kubernetes/desired-objects.ts'
import { patchObjects } from '../patch/patch-objects.ts'
import { controllerManifest, controllerObjects } from './controller-manifest.ts'
import { kubernetesManifest } from './kubernetes-manifest.ts'
import { rbacManifest, rbacObjects } from './rbac-manifest.ts'
import { servedBy } from './served-by.ts'
import { yamlDocuments } from './yaml-documents.ts'

const read = (text: string, version: '1.1' | '1.2') =>
  parseAllDocuments(text, { version }).map((document) => {
    assert.deepEqual(document.errors, [])
    return document.toJS()
  })

const settings = {
  kubernetes_httproute_parent_refs: [{ name: 'edge', port: 443 }],
  kubernetes_network_policy: true,
  kubernetes_replicas_max: 3,
  kubernetes_json_patches: { service: [{ op: 'add', path: '/metadata/annotations/mine', value: 'on' }] },
}
const outpost = exampleOutpost(settings)
const desired = desiredObjects(outpost, RECORDED_CONTEXT, RECORDED_SECRETS)
const { objects } = patchObjects(desired, outpost.settings.kubernetes_json_patches)

for (const version of ['1.1', '1.2'] as const) {
  test(`a manifest is the objects after their patches, for readers of YAML ${version}`, () => {
    const expected = objects.map(({ object }) => object)
    assert.deepEqual(
      read(
        kubernetesManifest(objects, () => true),
        version,
      ),
      expected,
    )
  })
}

test('kinds of other projects are in a manifest only for a cluster that knows them', () => {
  const kinds = (serves?: (apiVersion: string) => boolean) =>
    read(kubernetesManifest(objects, serves), '1.1').map(({ kind }) => kind)
  const builtIn = objects.filter(({ isOptionalKind }) => !isOptionalKind).map(({ object }) => object.kind)
  assert.deepEqual(kinds(), builtIn)
  assert.deepEqual(
    kinds((apiVersion) => apiVersion.startsWith('traefik.io/')).filter((kind) => !builtIn.includes(kind)),
    ['Middleware'],
  )
})

const SERVED: ReadonlyArray<[version: string, served: boolean[] | undefined]> = [
  ['1.20', [false, false]],
  ['v1.21.14', [true, false]],
  ['1.22+', [true, false]],
  ['1.23', [true, true]],
  ['v1.34.1+k3s1', [true, true]],
  ['1', undefined],
  ['2.0', undefined],
  ['1.20; x', undefined],
]
for (const [version, served] of SERVED)
  test(`what a cluster of version ${version} serves`, () => {
    const serves = servedBy(version)
    assert.deepEqual(serves && [serves('policy/v1'), serves('autoscaling/v2')], served)
    assert.notEqual(serves?.('gateway.networking.k8s.io/v1'), false)
  })

const AMBIGUOUS = [
  'on',
  'Yes',
  'n',
  'NULL',
  '~',
  '',
  '1',
  '0o17',
  '0x1F',
  '1:30',
  '1_000',
  '1e10',
  '.inf',
  '2026-11-26',
  'a: b',
  '# a',
  '- a',
  '"',
  '*a',
  'a\nb',
  ' a',
  '123e45',
  '<<',
  '=',
]
for (const version of ['1.1', '1.2'] as const) {
  test(`text stays text, as a value and as a key, in YAML ${version}`, () => {
    for (const text of AMBIGUOUS) {
      const object = { metadata: { annotations: { [text]: text, plain: 'a.b/c-d_e' } } }
      assert.deepEqual(read(yamlDocuments([object]), version), [object], text)
    }
  })
}

test('everyday text needs no quotes', () => {
  assert.equal(
    yamlDocuments([{ kind: 'Secret', count: 1 }, { kind: 'a/b.c' }]),
    '---\nkind: Secret\ncount: 1\n---\nkind: a/b.c\n',
  )
})

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[] }
const rulesOf = (options: Parameters<typeof rbacObjects>[0]) =>
  (rbacObjects(options) as unknown as { rules?: Rule[] }[]).flatMap(({ rules }) => rules ?? [])

test('the controller’s rights reach every kind that is made, and nothing else may be written', () => {
  const plural = (kind: string) => `${kind.toLowerCase().replace(/y$/, 'ie').replace(/ss$/, 'sse')}s`
  const made = new Set(
    desired.map(({ object }) => `${plural(object.kind)}.${object.apiVersion.replace(/\/?[^/]+$/, '')}`),
  )
  const managed = rulesOf({ namespace: 'martello', clusterWide: false })
    .filter(({ verbs }) => verbs.join() === 'get,watch,create,patch,delete')
    .flatMap(({ apiGroups, resources }) => resources.map((resource) => `${resource}.${apiGroups[0]}`))
  assert.equal(new Set(desired.map(({ component }) => component)).size, COMPONENTS.length, 'the example has them all')
  assert.deepEqual(managed.sort(), [...made].sort())
  const others = rulesOf({ namespace: 'martello', clusterWide: false }).filter(({ verbs }) => !verbs.includes('patch'))
  assert.deepEqual(
    others.map(({ resources, verbs }) => `${resources.join()}: ${verbs.join(' ')}`),
    ['pods: list', 'replicasets: get list watch delete', 'leases: get create update'],
  )
})

const SCOPES: ReadonlyArray<[clusterWide: boolean, kinds: string[]]> = [
  [false, ['ServiceAccount', 'Role', 'RoleBinding', 'Role', 'RoleBinding']],
  [true, ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding']],
]
for (const [clusterWide, kinds] of SCOPES) {
  test(`rights ${clusterWide ? 'in every namespace' : 'in one namespace'}`, () => {
    const documents = read(rbacManifest({ namespace: 'martello', clusterWide }), '1.1')
    assert.deepEqual(documents, rbacObjects({ namespace: 'martello', clusterWide }))
    assert.deepEqual(
      documents.map(({ kind }) => kind),
      kinds,
    )
    for (const { kind, metadata, roleRef } of documents) {
      assert.equal(metadata.namespace, kind.startsWith('Cluster') ? undefined : 'martello')
      if (roleRef !== undefined)
        assert.deepEqual([roleRef.kind, roleRef.name], [kind.replace('Binding', ''), metadata.name])
    }
  })
}

test('rights on custom resources are given where they are brought into the core, and only there', () => {
  const rules = (customResources: boolean) =>
    rbacObjects({ namespace: 'martello', clusterWide: true, customResources }).flatMap((each: any) => each.rules ?? [])
  const groupsOf = (customResources: boolean) => rules(customResources).flatMap((rule: any) => rule.apiGroups)
  assert.ok(groupsOf(true).includes('martello.io'))
  assert.ok(!groupsOf(false).includes('martello.io'))
})

test('CT-12 CT-15: a controller in the cluster has no more than it needs, and its token is in no manifest', () => {
  const options = {
    namespace: 'martello',
    clusterWide: false,
    host: new URL('https://auth.example.com/sub/'),
    image: 'i:1',
  }
  const documents = read(controllerManifest(options), '1.1')
  assert.deepEqual(documents, controllerObjects(options))
  assert.deepEqual(documents.slice(0, -1), rbacObjects(options))
  const { metadata, spec } = documents.at(-1)
  assert.equal(metadata.namespace, 'martello')
  assert.equal(spec.replicas, 2)
  const { containers, securityContext, serviceAccountName } = spec.template.spec
  assert.equal(serviceAccountName, documents[0].metadata.name)
  assert.equal(securityContext.runAsNonRoot, true)
  assert.equal(containers[0].securityContext.readOnlyRootFilesystem, true)
  assert.deepEqual(
    containers[0].env.map(({ name, value, valueFrom }: any) => `${name}=${value ?? JSON.stringify(valueFrom)}`),
    [
      'MARTELLO_HOST=https://auth.example.com/sub/',
      'MARTELLO_TOKEN={"secretKeyRef":{"name":"martello-controller","key":"token"}}',
      'MARTELLO_CONTROLLER__KINDS=kubernetes',
      'MARTELLO_CONTROLLER__LEASE=martello/martello-controller',
    ],
  )
})
