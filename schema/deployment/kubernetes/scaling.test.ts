import assert from 'node:assert/strict'
import test from 'node:test'
import { exampleOutpost, RECORDED_CONTEXT, RECORDED_SECRETS } from '#test/support/deployment-vectors.ts'
import type { DeployableOutpost, DeploymentContext } from '../outpost.ts'
import type { DeploymentSettings } from '../settings.ts'
import { desiredObjects } from './desired-objects.ts'

type Settings = Partial<DeploymentSettings>
/** The objects of a component, as plain JSON. */
const made = (outpost: DeployableOutpost, component: string, context: DeploymentContext = RECORDED_CONTEXT) =>
  desiredObjects(outpost, context, RECORDED_SECRETS)
    .filter((each) => each.component === component)
    .map(({ object }) => object as Record<string, any>)
const ref = { name: 'edge' }

const REPLICAS: ReadonlyArray<[settings: Settings, replicas: number | undefined, autoscaled: number[] | undefined]> = [
  [{}, 1, undefined],
  [{ kubernetes_replicas: 0 }, 0, undefined],
  [{ kubernetes_replicas: null }, undefined, undefined],
  [{ kubernetes_replicas: 2, kubernetes_replicas_max: 5 }, undefined, [2, 5]],
  [{ kubernetes_replicas: null, kubernetes_replicas_max: 5 }, undefined, [1, 5]],
  [{ kubernetes_replicas: 0, kubernetes_replicas_max: 5 }, undefined, [1, 5]],
  [{ kubernetes_replicas: 9, kubernetes_replicas_max: 5 }, undefined, [5, 5]],
]
for (const [settings, replicas, autoscaled] of REPLICAS) {
  test(`replicas: ${JSON.stringify(settings)}`, () => {
    const outpost = exampleOutpost(settings)
    assert.equal(made(outpost, 'deployment')[0]!['spec'].replicas, replicas)
    const spec = made(outpost, 'horizontal pod autoscaler')[0]?.['spec']
    assert.deepEqual(spec === undefined ? undefined : [spec.minReplicas, spec.maxReplicas], autoscaled)
  })
}

const VERSIONS: ReadonlyArray<[component: string, served: string[] | undefined, expected: string]> = [
  ['pod disruption budget', undefined, 'policy/v1'],
  ['pod disruption budget', ['policy/v1', 'policy/v1beta1'], 'policy/v1'],
  ['pod disruption budget', ['policy/v1beta1'], 'policy/v1beta1'],
  ['pod disruption budget', [], 'policy/v1'],
  ['horizontal pod autoscaler', undefined, 'autoscaling/v2'],
  ['horizontal pod autoscaler', ['autoscaling/v1'], 'autoscaling/v1'],
  ['httproute', undefined, 'gateway.networking.k8s.io/v1'],
  ['httproute', ['gateway.networking.k8s.io/v1beta1'], 'gateway.networking.k8s.io/v1beta1'],
]
for (const [component, served, expected] of VERSIONS) {
  test(`${component} where the cluster serves ${served ?? 'nobody knows what'}: ${expected}`, () => {
    const outpost = exampleOutpost({ kubernetes_replicas_max: 3, kubernetes_httproute_parent_refs: [ref] })
    const serves = served && ((version: string) => served.includes(version))
    const [object] = made(outpost, component, { ...RECORDED_CONTEXT, serves })
    assert.equal(object!['apiVersion'], expected)
    assert.equal('metrics' in object!['spec'], expected === 'autoscaling/v2')
  })
}
