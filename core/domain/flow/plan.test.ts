import assert from 'node:assert/strict'
import test from 'node:test'
import { type BoundStage, type FlowState, isUsable, meetsRequirement } from './plan.ts'

const nobody = { userId: undefined, isSuperuser: false }
const somebody = { userId: 7, isSuperuser: false }
const administrator = { userId: 1, isSuperuser: true }

const requirements: ReadonlyArray<[requirement: string, nobody: boolean, somebody: boolean, administrator: boolean]> = [
  ['none', true, true, true],
  ['require_authenticated', false, true, true],
  ['require_unauthenticated', true, false, false],
  ['require_superuser', false, false, true],
  ['require_something_new', false, false, false],
]
for (const [requirement, ...lets] of requirements)
  test(`${requirement} lets in whom it says`, () =>
    assert.deepEqual(
      [nobody, somebody, administrator].map((actor) => meetsRequirement(requirement, actor)),
      lets,
    ))

const stage = (fsbUuid: string): BoundStage => ({
  fsbUuid,
  stageUuid: `stage of ${fsbUuid}`,
  kind: 'password',
  name: fsbUuid,
  evaluateOnPlan: false,
  reEvaluatePolicies: true,
  invalidResponseAction: 'retry',
})
const stages = [stage('a'), stage('b')]
const state = (changes: Partial<FlowState> = {}): FlowState => ({
  flowUuid: 'flow',
  remaining: ['b'],
  started: 0,
  context: {},
  ...changes,
})

const plans: ReadonlyArray<[what: string, state: FlowState, now: number, usable: boolean]> = [
  ['of this flow', state(), 1, true],
  ['of another flow', state({ flowUuid: 'other' }), 1, false],
  ['with a binding that is gone', state({ remaining: ['b', 'c'] }), 1, false],
  ['with nothing left', state({ remaining: [] }), 1, false],
  ['of half an hour ago', state(), 30 * 60_000, false],
]
for (const [what, plan, now, usable] of plans)
  test(`a plan ${what} ${usable ? 'goes on' : 'is made anew'}`, () =>
    assert.equal(isUsable(plan, 'flow', stages, now), usable))
