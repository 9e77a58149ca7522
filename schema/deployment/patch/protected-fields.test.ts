import assert from 'node:assert/strict'
import test from 'node:test'
import { exampleOutpost, RECORDED_CONTEXT, RECORDED_SECRETS } from '#test/support/deployment-vectors.ts'
import { desiredObjects } from '../kubernetes/desired-objects.ts'
import { patchObjects } from './patch-objects.ts'

const settings = {
  kubernetes_httproute_parent_refs: [{ name: 'edge' }],
  kubernetes_network_policy: true,
  kubernetes_replicas_max: 3,
}
const desired = desiredObjects(exampleOutpost(settings), RECORDED_CONTEXT, RECORDED_SECRETS)

const OWNER = '/metadata/labels/goauthentik.io~1outpost-uuid'
const POD_OWNER = '/spec/template/metadata/labels/goauthentik.io~1outpost-uuid'
const FORBIDDEN: ReadonlyArray<
  [component: string, operations: Record<string, unknown>[], index: number, field: RegExp]
> = [
  ['secret', [{ op: 'replace', path: '/metadata/name', value: 'x' }], 0, /\/metadata\/name/],
  ['secret', [{ op: 'remove', path: '/metadata/namespace' }], 0, /\/metadata\/namespace/],
  ['secret', [{ op: 'replace', path: '/kind', value: 'ConfigMap' }], 0, /\/kind/],
  ['ingress', [{ op: 'replace', path: '/apiVersion', value: 'extensions/v1beta1' }], 0, /\/apiVersion/],
  ['secret', [{ op: 'remove', path: OWNER }], 0, /outpost-uuid/],
  ['secret', [{ op: 'replace', path: '/metadata/labels', value: { a: 'b' } }], 0, /outpost-uuid/],
  ['secret', [{ op: 'move', from: OWNER, path: '/metadata/labels/mine' }], 0, /outpost-uuid/],
  ['secret', [{ op: 'copy', from: '/metadata/namespace', path: '/metadata/name' }], 0, /\/metadata\/name/],
  ['secret', [{ op: 'move', from: '/metadata/labels', path: '/metadata' }], 0, /\/metadata\/name/],
  ['secret', [{ op: 'replace', path: '', value: { apiVersion: 'v1', kind: 'Secret' } }], 0, /\/metadata\/name/],
  ['deployment', [{ op: 'add', path: '/spec/selector/matchLabels/x', value: 'y' }], 0, /\/spec\/selector/],
  ['deployment', [{ op: 'replace', path: POD_OWNER, value: 'x' }], 0, /\/spec\/template\/metadata\/labels/],
  [
    'deployment',
    [{ op: 'add', path: '/spec/template/metadata/labels', value: {} }],
    0,
    /\/spec\/template\/metadata\/labels/,
  ],
  ['service', [{ op: 'replace', path: '/spec/selector', value: { app: 'other' } }], 0, /\/spec\/selector/],
  ['metrics service', [{ op: 'remove', path: '/spec/selector' }], 0, /\/spec\/selector/],
  ['network policy', [{ op: 'replace', path: '/spec/podSelector', value: {} }], 0, /\/spec\/podSelector/],
  ['pod disruption budget', [{ op: 'replace', path: '/spec/selector', value: {} }], 0, /\/spec\/selector/],
  [
    'horizontal pod autoscaler',
    [{ op: 'replace', path: '/spec/scaleTargetRef/name', value: 'x' }],
    0,
    /scaleTargetRef/,
  ],
  ['ingress', [{ op: 'add', path: '/metadata/ownerReferences', value: [] }], 0, /\/metadata\/ownerReferences/],
  ['service', [{ op: 'add', path: '/metadata/finalizers', value: ['example.com/x'] }], 0, /\/metadata\/finalizers/],
  ['service', [{ op: 'add', path: '/metadata/resourceVersion', value: '1' }], 0, /resourceVersion/],
  ['service', [{ op: 'add', path: '/metadata/managedFields', value: [] }], 0, /managedFields/],
  ['service', [{ op: 'add', path: '/status', value: {} }], 0, /\/status/],
  [
    'secret',
    [
      { op: 'add', path: '/metadata/annotations/a', value: 'b' },
      { op: 'copy', from: '/metadata', path: '/kept' },
      { op: 'replace', path: '/metadata', value: {} },
      { op: 'remove', path: '/kept' },
    ],
    2,
    /\/metadata\/name/,
  ],
]
for (const [component, operations, index, field] of FORBIDDEN) {
  test(`CT-07: ${component} ${JSON.stringify(operations.at(-1)).slice(0, 90)} is rejected`, () => {
    const { objects, rejected } = patchObjects(desired, { [component]: operations })
    assert.partialDeepStrictEqual(rejected, [{ component, index }])
    assert.match(rejected[0]!.reason, field)
    assert.match(rejected[0]!.reason, /cannot be changed/)
    assert.deepEqual(
      new Set(objects.map((each) => each.component)),
      new Set(desired.map((each) => each.component).filter((each) => each !== component)),
    )
  })
}
