import assert from 'node:assert/strict'
import test from 'node:test'
import type { PlannedStep } from '#controllers/target/target.ts'
import { fleetPlan, type OutpostPlan, planText } from './fleet-plan.ts'

const step = (action: PlannedStep['action'], more: Partial<PlannedStep> = {}): PlannedStep => ({
  action,
  component: 'service',
  kind: 'Service',
  namespace: 'default',
  name: 'ak-outpost-x',
  detail: [],
  ...more,
})
const plan = (outpost: string, steps: readonly PlannedStep[], more: Partial<OutpostPlan> = {}): OutpostPlan => ({
  outpost,
  connection: 'cluster',
  image: 'i:1',
  rollout: 'Current',
  steps,
  error: undefined,
  ...more,
})

const base = fleetPlan([plan('a', [step('apply', { detail: ['/spec/type'] })]), plan('b', [])])
const rows: ReadonlyArray<[what: string, outposts: OutpostPlan[], isSame: boolean]> = [
  ['another order of outposts', [plan('b', []), plan('a', [step('apply', { detail: ['/spec/type'] })])], true],
  [
    'steps that do nothing',
    [plan('a', [step('apply', { detail: ['/spec/type'] }), step('nothing')]), plan('b', [])],
    true,
  ],
  ['another field', [plan('a', [step('apply', { detail: ['/spec/ports'] })]), plan('b', [])], false],
  [
    'another value of the same field',
    [plan('a', [step('apply', { detail: ['/spec/type'], wanted: 'b' })]), plan('b', [])],
    false,
  ],
  ['another action', [plan('a', [step('create', { detail: ['/spec/type'] })]), plan('b', [])], false],
  ['another image', [plan('a', [step('apply', { detail: ['/spec/type'] })], { image: 'i:2' }), plan('b', [])], false],
  ['an outpost more', [...base.outposts, plan('c', [])], false],
]
for (const [what, outposts, isSame] of rows)
  test(`${what}: ${isSame ? 'the same' : 'another'} plan`, () =>
    assert.equal(fleetPlan(outposts).hash === base.hash, isSame))

test('a plan does not show what tells wishes apart', () =>
  assert.doesNotMatch(JSON.stringify(fleetPlan([plan('a', [step('create', { wanted: 'digest' })])])), /digest/))

test('a plan reads as lines', () => {
  const text = planText(
    fleetPlan([
      plan('a', [step('create'), step('apply', { detail: ['/spec/type'] }), step('nothing')]),
      plan('b', [], { error: 'the cluster does not answer' }),
    ]),
  )
  assert.match(
    text,
    /^a {2}\(cluster, i:1, Current\)\n {2}\+ Service default\/ak-outpost-x\n {2}~ Service default\/ak-outpost-x: \/spec\/type$/m,
  )
  assert.match(text, /^ {2}! the cluster does not answer$/m)
  assert.match(text, /^2 changes\.\n1 of 2 outposts cannot be planned\.\nPlan [0-9a-f]{16}$/m)
})
