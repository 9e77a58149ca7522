import assert from 'node:assert/strict'
import test from 'node:test'
import {
  exampleOutpost,
  RECORDED_CONTEXT,
  RECORDED_SECRETS,
  recordedOutpost,
} from '#test/support/deployment-vectors.ts'
import { desiredObjects } from '../kubernetes/desired-objects.ts'
import type { DeploymentSettings } from '../settings.ts'
import { patchObjects } from './patch-objects.ts'

type Patches = NonNullable<DeploymentSettings['kubernetes_json_patches']>
const settings = {
  kubernetes_httproute_parent_refs: [{ name: 'edge' }],
  kubernetes_network_policy: true,
  kubernetes_replicas_max: 3,
}
const desired = desiredObjects(exampleOutpost(settings), RECORDED_CONTEXT, RECORDED_SECRETS)
const objectsOf = (patches: Patches, component: string) =>
  patchObjects(desired, patches)
    .objects.filter((each) => each.component === component)
    .map(({ object }) => object as Record<string, any>)

test('what is put back is allowed, as are labels and annotations beside ours', () => {
  const operations = [
    { op: 'copy', from: '/metadata/labels', path: '/metadata/annotations/kept' },
    { op: 'remove', path: '/metadata/labels' },
    { op: 'move', from: '/metadata/annotations/kept', path: '/metadata/labels' },
    { op: 'add', path: '/metadata/labels/team', value: 'identity' },
    { op: 'test', path: '/metadata/labels/team', value: 'identity' },
  ]
  const [object] = objectsOf({ secret: operations }, 'secret')
  assert.equal(object!['metadata'].labels.team, 'identity')
})

test('annotations are there for patches, and gone where none was added', () => {
  const annotation = { op: 'add', path: '/metadata/annotations/a', value: 'b' }
  const { objects } = patchObjects(desired, { service: [annotation], httproute: [annotation] })
  for (const { component, object } of objects) {
    if (component === 'service' || component === 'httproute') assert.deepEqual(object.metadata.annotations, { a: 'b' })
    else assert.notDeepEqual(object.metadata.annotations, {}, component)
  }
})

test('CT-19: text for a Secret is sent as data, which the server makes of it: else each apply would be a change', () => {
  const patch = (value: unknown) => objectsOf({ secret: [{ op: 'add', path: '/stringData', value }] }, 'secret')[0]!
  const { data, stringData } = patch({ extra: 'é', token: 'mine' }) as Record<string, any>
  assert.deepEqual(
    { stringData, extra: data.extra, token: data.token },
    { stringData: undefined, extra: 'w6k=', token: 'bWluZQ==' },
  )
  assert.deepEqual(patch({ extra: 1 })['stringData'], { extra: 1 }, 'the server refuses it')
})

test('operations of a component apply to each of its objects, or to none', () => {
  const timeouts = { op: 'add', path: '/spec/rules/0/timeouts', value: { request: '10s' } }
  assert.deepEqual(
    objectsOf({ httproute: [timeouts] }, 'httproute').map(({ spec }) => spec.rules[0].timeouts),
    [{ request: '10s' }, { request: '10s' }],
  )
  const onlyFirst = { op: 'test', path: '/spec/hostnames/0', value: 'app.example.com' }
  const { objects, rejected } = patchObjects(desired, { httproute: [timeouts, onlyFirst] })
  assert.deepEqual(rejected, [{ component: 'httproute', index: 1, reason: 'another value is at /spec/hostnames/0' }])
  assert.deepEqual(
    objects.filter(({ component }) => component === 'httproute'),
    [],
  )
})

test('CT-07: a patch that is refused elsewhere is rejected; pods keep to the Secret that was wanted without it', () => {
  const refused = { component: 'secret', index: 0, reason: 'the cluster says so' }
  const extra = { secret: [{ op: 'add', path: '/data/extra', value: 'eA==' }] }
  const { objects, rejected } = patchObjects(desired, extra, [refused])
  assert.deepEqual(rejected, [refused])
  assert.deepEqual(
    objects.map(({ object }) => object),
    patchObjects(desired, null).objects.flatMap(({ component, object }) => (component === 'secret' ? [] : [object])),
  )
})

test('objects do not share what a patch adds', () => {
  const rule = { op: 'add', path: '/spec/rules/0/timeouts', value: { request: '10s' } }
  const [first, second] = objectsOf({ httproute: [rule] }, 'httproute')
  assert.notEqual(first!['spec'].rules[0].timeouts, second!['spec'].rules[0].timeouts)
})

test('a patch of the pods’ annotations keeps the checksum of the Secret', () => {
  const operations = [{ op: 'add', path: '/spec/template/metadata/annotations', value: { mine: 'x' } }]
  const { annotations } = objectsOf({ deployment: operations }, 'deployment')[0]!['spec'].template.metadata
  assert.equal(annotations.mine, 'x')
  assert.match(annotations['checksum/secret'], /^[0-9a-f]{64}$/)
})

test('every patch of a rich configuration of the reference applies, but for the component that there is not', () => {
  for (const name of ['proxy-rich', 'ldap-rich', 'radius-rich'] as const) {
    const outpost = recordedOutpost(name)
    const objects = desiredObjects(outpost, RECORDED_CONTEXT, RECORDED_SECRETS)
    const { rejected } = patchObjects(objects, outpost.settings.kubernetes_json_patches)
    assert.deepEqual(
      rejected.map(({ component }) => component),
      ['services'],
    )
  }
})
