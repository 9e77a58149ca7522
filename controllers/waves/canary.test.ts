import assert from 'node:assert/strict'
import test from 'node:test'
import type { FleetOutpost } from '#controllers/fleet/fleet-state.ts'
import type { DeploymentRecord, ObjectStatus } from '#schema/deployment/status.ts'
import { recordOfImage } from '#test/support/deployment-records.ts'
import { exampleOutpost } from '#test/support/deployment-vectors.ts'
import { canariesOf } from './canary.ts'

const pkOf = (name: string) => `11111111-2222-4333-8444-00000000000${name === 'p' ? 'c' : name}`
const outpost = (name: string, image: string | null = null): FleetOutpost => ({
  ...exampleOutpost({ container_image: image }),
  pk: pkOf(name),
  name,
  tokenIdentifier: name,
  tokenRevision: '1',
  connection: 'x',
})
const record = (name: string, image: string, more: Partial<DeploymentRecord> = {}) =>
  recordOfImage(pkOf(name), image, more)
const AWAY = { error: 'the cluster does not answer' }
const REFUSED: ObjectStatus = {
  component: 'deployment',
  kind: 'Deployment',
  name: 'x',
  condition: 'rejected',
  reason: 'PatchRejected',
  message: '',
  since: '2026-01-01T00:00:00.000Z',
}
const TRYING = { previous_image: 'i:1' }

const CASES: ReadonlyArray<
  [what: string, records: readonly DeploymentRecord[], canary: string | undefined, unserved?: readonly string[]]
> = [
  ['the first by name', [record('b', 'i:1'), record('a', 'i:1')], 'a'],
  ['of those that are deployed', [record('a', ''), record('b', 'i:1')], 'b'],
  ['and follow the core', [record('a', 'i:1'), record('p', 'x:1')], 'a'],
  ['not one that cannot be reached', [record('a', 'i:1', AWAY), record('b', 'i:1')], 'b'],
  ['not one that nobody looks after', [record('a', 'i:1'), record('b', 'i:1')], 'b', ['a']],
  ['the one that has begun', [record('a', 'i:1'), record('b', 'i:2', TRYING)], 'b'],
  ['another when it cannot be reached any more', [record('a', 'i:1'), record('b', 'i:2', { ...TRYING, ...AWAY })], 'a'],
  ['the one that has refused it', [record('a', 'i:1'), record('b', 'i:1', { rejected_image: 'i:2', ...AWAY })], 'b'],
  [
    'one that refused another image is like all',
    [record('a', 'i:1'), record('b', 'i:1', { rejected_image: 'i:0' })],
    'a',
  ],
  ['one that has always had it has tried nothing', [record('a', 'i:1'), record('b', 'i:2')], 'a'],
  ['the first when none can be reached', [record('b', 'i:1', AWAY), record('a', 'i:1', AWAY)], 'a'],
  ['not one whose target takes nothing', [record('a', 'i:1', { objects: [REFUSED] }), record('b', 'i:1')], 'b'],
  ['none where nothing is deployed', [], undefined],
]
for (const [what, records, canary, unserved = []] of CASES)
  test(`CT-17: the canary: ${what}`, () => {
    const outposts = [outpost('p', 'x:1'), outpost('b'), outpost('a')]
    const found = canariesOf({
      outposts: new Map(outposts.map((each) => [each.pk, each])),
      records: new Map(records.map((each) => [each.outpost, each])),
      unserved: new Set(unserved.map(pkOf)),
      context: { version: '2', imageTemplate: 'i:%(version)s' },
    })
    assert.equal(found.get('proxy'), canary && pkOf(canary))
  })
