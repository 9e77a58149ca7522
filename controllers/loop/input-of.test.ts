import assert from 'node:assert/strict'
import test from 'node:test'
import type { FleetOutpost, FleetState } from '#controllers/fleet/fleet-state.ts'
import { canariesOf } from '#controllers/waves/canary.ts'
import type { DeploymentRecord } from '#schema/deployment/status.ts'
import { recordOfImage } from '#test/support/deployment-records.ts'
import { exampleOutpost } from '#test/support/deployment-vectors.ts'
import { inputOf } from './input-of.ts'

const [FIRST, SECOND] = ['11111111-2222-4333-8444-00000000000a', '11111111-2222-4333-8444-00000000000b']
const outpost = (pk: string, name: string, image: string | null): FleetOutpost => ({
  ...exampleOutpost({ container_image: image }),
  pk,
  name,
  tokenIdentifier: name,
  tokenRevision: '1',
  connection: 'c',
})
const ready = {
  component: 'deployment',
  kind: 'Deployment',
  name: 'x',
  condition: 'ready',
  reason: 'Available',
  message: '',
  since: '2026-01-01T00:00:00.000Z',
} as const

/** The input of the second outpost, when the first has this record. */
function inputWith(canary: DeploymentRecord, { own = 'i:1', pinned = null as string | null } = {}): string {
  return inputOfSecond([canary, recordOfImage(SECOND, own)], pinned)
}

const connection = (pk: string) => ({ pk, name: pk, kind: 'kubernetes', local: true, fingerprint: pk }) as const

function inputOfSecond(records: readonly DeploymentRecord[], pinned: string | null = null, held = ['c', 'd']): string {
  const outposts = [outpost(FIRST, 'a', null), outpost(SECOND, 'b', pinned)]
  const state: FleetState = {
    outposts: new Map(outposts.map((each) => [each.pk, each])),
    gone: new Set(),
    discoverable: new Set(),
    unserved: new Set(),
    connections: new Map(['c', 'd'].map((pk) => [pk, connection(pk)])),
    records: new Map(records.map((each) => [each.outpost, each])),
    context: { version: '1', imageTemplate: 'i:2' },
  }
  return inputOf(SECOND, state, { canaries: canariesOf(state), holds: (pk) => held.includes(pk) })
}

const trying = recordOfImage(FIRST, 'i:2')
const proved = recordOfImage(FIRST, 'i:2', { objects: [ready] })
const rejected = recordOfImage(FIRST, 'i:1', { rejected_image: 'i:2' })
const CASES: ReadonlyArray<[what: string, isChange: boolean, before: string, after: string]> = [
  ['comes up', true, inputWith(trying), inputWith(proved)],
  ['goes back', true, inputWith(trying), inputWith(rejected)],
  ['is written again', false, inputWith(trying), inputWith({ ...trying, reconciled: '2026-01-02T00:00:00.000Z' })],
  ['comes up, for one that has the image', false, inputWith(trying, { own: 'i:2' }), inputWith(proved, { own: 'i:2' })],
  ['comes up, for one with its own', false, inputWith(trying, { pinned: 'x:1' }), inputWith(proved, { pinned: 'x:1' })],
]
for (const [what, isChange, before, after] of CASES)
  test(`CT-17: a canary that ${what} is ${isChange ? 'a' : 'no'} reason to look at those that wait`, () =>
    assert.equal(before !== after, isChange))

test('CT-11: a service connection that comes to be this controller’s is a reason to look, another one is none', () => {
  const held = (...pks: string[]) => inputOfSecond([recordOfImage(SECOND, 'i:2')], null, pks)
  assert.notEqual(held('c'), held())
  assert.equal(held('c', 'd'), held('c'))
})

test('that an outpost is deployed where it should be is no reason to look again; elsewhere it is', () => {
  const deployedAt = (pk: string) => inputOfSecond([recordOfImage(SECOND, 'i:2', { connection: pk })])
  assert.equal(deployedAt('c'), inputOfSecond([]))
  assert.notEqual(deployedAt('d'), inputOfSecond([]))
})
