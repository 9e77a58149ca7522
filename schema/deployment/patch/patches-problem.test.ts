import assert from 'node:assert/strict'
import test from 'node:test'
import { exampleOutpost, RECORDED_CONTEXT } from '#test/support/deployment-vectors.ts'
import type { DeploymentSettings } from '../settings.ts'
import { componentProblem } from './component-problem.ts'
import { patchesProblem } from './patches-problem.ts'

type Patches = NonNullable<DeploymentSettings['kubernetes_json_patches']>

const MEANT: ReadonlyArray<[name: string, problem: RegExp | undefined]> = [
  ['metrics service', undefined],
  ['Deployment', /mean "deployment"/],
  ['deployments', /mean "deployment"/],
  ['ServiceMonitor', /mean "prometheus servicemonitor"/],
  ['traefik-middleware', /mean "traefik middleware"/],
  ['middlewares', /mean "traefik middleware"/],
  ['NetworkPolicies', /mean "network policy"/],
  ['PodDisruptionBudget', /mean "pod disruption budget"/],
  ['HTTPRoutes', /mean "httproute"/],
  ['depoyment', /mean "deployment"/],
  ['configmap', /is not a component, one of secret, deployment/],
  ['__proto__', /is not a component/],
  ['x'.repeat(10_000), /^"x{64}" is not a component/],
]
for (const [name, problem] of MEANT) {
  test(`the component ${name.slice(0, 30)}`, () =>
    problem === undefined
      ? assert.equal(componentProblem(name), undefined)
      : assert.match(componentProblem(name)!, problem))
}

const SAVED: ReadonlyArray<[patches: Patches | null, problem: RegExp | undefined]> = [
  [null, undefined],
  [{}, undefined],
  [{ deployment: [{ op: 'replace', path: '/spec/replicas', value: 3 }] }, undefined],
  [{ services: [] }, /^wrong value for field "kubernetes_json_patches": "services" is not a component, did you mean/],
  [
    {
      deployment: [
        { op: 'test', path: '/kind', value: 'Deployment' },
        { op: 'remove', path: '/spec/nope' },
      ],
    },
    /: deployment, operation 1: nothing is at \/spec\/nope$/,
  ],
  [{ httproute: [{ op: 'remove', path: '/spec/nope' }] }, undefined],
  [{ httproute: [{ op: 'remove', path: 'spec' }] }, /: httproute, operation 0: path should be a JSON pointer/],
  [{ secret: [{ op: 'test', path: '/data/token', value: 's3cret' }] }, /: secret, operation 0: another value is at/],
]
for (const [patches, problem] of SAVED) {
  test(`at save: ${JSON.stringify(patches)} is ${problem === undefined ? 'taken' : 'refused'}`, () => {
    const found = patchesProblem(exampleOutpost({ kubernetes_json_patches: patches }), RECORDED_CONTEXT)
    if (problem === undefined) assert.equal(found, undefined)
    else assert.match(found!, problem)
    assert.doesNotMatch(found ?? '', /s3cret/)
  })
}
