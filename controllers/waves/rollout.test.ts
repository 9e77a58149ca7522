import assert from 'node:assert/strict'
import test from 'node:test'
import { type DeploymentRecord, type ObjectStatus, ROLLED_BACK } from '#schema/deployment/status.ts'
import { decideImage, imageFields, type RolloutQuestion, type RolloutReason } from './rollout.ts'

const LIMITS = { gateMs: 60_000, deadlineMs: 300_000 }
const NOW = Date.parse('2026-01-01T12:00:00Z')
const ago = (ms: number) => new Date(NOW - ms).toISOString()

const object = (condition: ObjectStatus['condition'], sinceMs: number): ObjectStatus => ({
  component: 'deployment',
  kind: 'Deployment',
  name: 'x',
  condition,
  reason: 'X',
  message: '',
  since: ago(sinceMs),
})
const record = (image: string, more: Partial<DeploymentRecord> = {}): DeploymentRecord => ({
  outpost: '11111111-2222-4333-8444-000000000001',
  outpost_name: 'x',
  connection: '11111111-2222-4333-8444-000000000002',
  inventory: [],
  objects: [object('ready', 3_600_000)],
  image,
  previous_image: '',
  rejected_image: '',
  rejected_why: '',
  rollout: '',
  error: '',
  reconciled: ago(0),
  ...more,
})
const question = (more: Partial<RolloutQuestion>): RolloutQuestion => ({
  wanted: 'v2',
  isPinned: false,
  own: record('v1'),
  canary: undefined,
  now: NOW,
  ...more,
})
const trying = (condition: ObjectStatus['condition'], sinceMs: number, more: Partial<DeploymentRecord> = {}) =>
  record('v2', {
    previous_image: 'v1',
    image_since: ago(sinceMs),
    objects: [object('ready', 3_600_000), object(condition, sinceMs)],
    ...more,
  })

const INGRESS: ObjectStatus = { ...object('failed', 900_000), component: 'ingress', kind: 'Ingress', reason: 'NotOurs' }
const returned: ObjectStatus = { ...object('rejected', 1_000), reason: ROLLED_BACK, message: 'out of cheese' }

const rows: ReadonlyArray<
  [what: string, question: RolloutQuestion, image: string, reason: RolloutReason, againInMs?: number]
> = [
  [
    'a new image that is healthy is not yet trusted',
    question({ own: trying('ready', 1_000) }),
    'v2',
    'Current',
    59_000,
  ],
  ['… and then is', question({ own: trying('ready', 60_000) }), 'v2', 'Proved'],
  [
    'what is wrong after an image has proved itself is not the image',
    question({ own: record('v2', { image_since: ago(900_000), objects: [object('failed', 1)] }) }),
    'v2',
    'Current',
  ],
  ['the first deployment runs what is wanted', question({ own: undefined }), 'v2', 'Current'],
  ['what runs already stays', question({ own: record('v2') }), 'v2', 'Current'],
  ['the canary tries a new image', question({}), 'v2', 'Canary'],
  ['the others wait for the canary to begin', question({ canary: record('v1') }), 'v1', 'Waiting'],
  ['the others wait while it is not healthy', question({ canary: trying('progressing', 1_000) }), 'v1', 'Waiting'],
  ['… and for a while after', question({ canary: trying('ready', 20_000) }), 'v1', 'Waiting', 40_000],
  ['then they follow', question({ canary: trying('ready', 60_000) }), 'v2', 'Released'],
  ['a pinned image does not wait', question({ isPinned: true, canary: record('v1') }), 'v2', 'Pinned'],
  ['a canary that is not healthy yet has time', question({ own: trying('failed', 100_000) }), 'v2', 'Current', 200_000],
  ['and returns after that', question({ own: trying('failed', 300_000) }), 'v1', 'RolledBack'],
  [
    'a pinned image that is not healthy returns too',
    question({ isPinned: true, own: trying('failed', 300_000) }),
    'v1',
    'RolledBack',
  ],
  [
    'what was rejected is not tried again',
    question({ own: record('v1', { rejected_image: 'v2' }) }),
    'v1',
    'RolledBack',
  ],
  ['nor by the others', question({ canary: record('v1', { rejected_image: 'v2' }) }), 'v1', 'Waiting'],
  ['the next image is', question({ wanted: 'v3', own: record('v1', { rejected_image: 'v2' }) }), 'v3', 'Canary'],
  [
    'a first image has nothing to return to',
    question({ own: record('v2', { image_since: ago(900_000), objects: [object('failed', 1)] }) }),
    'v2',
    'Current',
  ],
  [
    'a canary that cannot be reached has proved nothing',
    question({ canary: trying('ready', 60_000, { error: 'no route to host' }) }),
    'v1',
    'Waiting',
  ],
  [
    'and knows nothing of its image: it stays, and the one before is kept',
    question({ own: trying('ready', 300_000, { error: 'no route to host' }) }),
    'v2',
    'Current',
    60_000,
  ],
  [
    'what is wrong with other objects is not the image',
    question({ own: trying('ready', 60_000, { objects: [object('ready', 60_000), INGRESS] }) }),
    'v2',
    'Proved',
  ],
  [
    'nor keeps it from the others',
    question({ canary: trying('ready', 60_000, { objects: [INGRESS, object('ready', 60_000)] }) }),
    'v2',
    'Released',
  ],
  ['without objects nothing is healthy', question({ canary: trying('ready', 1, { objects: [] }) }), 'v1', 'Waiting'],
]
for (const [what, asked, image, reason, againInMs] of rows)
  test(what, () => {
    const { why: _, ...rollout } = decideImage(asked, LIMITS)
    const again = againInMs === undefined ? {} : { againAt: NOW + againInMs }
    assert.deepEqual(rollout, { image, reason, ...again })
  })

test('what the target has put back is not waited for, and its words are kept', () => {
  const own = trying('progressing', 1_000, { objects: [returned] })
  const rollout = decideImage(question({ own }), LIMITS)
  assert.deepEqual(rollout, { image: 'v1', reason: 'RolledBack', why: 'out of cheese' })
  const fields = imageFields(own, rollout, { wanted: 'v2', now: ago(0) })
  assert.deepEqual(fields, {
    image: 'v1',
    previous_image: '',
    rejected_image: 'v2',
    rejected_why: 'out of cheese',
    rollout: 'RolledBack',
    image_since: ago(0),
  })
  const later = record('v1', fields)
  const kept = imageFields(later, decideImage(question({ own: later }), LIMITS), { wanted: 'v2', now: 'later' })
  assert.deepEqual(kept, fields)
})

test('who returns says what was wrong with what runs the image', () => {
  const broken = { ...object('failed', 300_000), message: 'no such file' }
  const own = trying('failed', 300_000, { objects: [{ ...INGRESS, message: 'not ours' }, broken] })
  assert.equal(decideImage(question({ own }), LIMITS).why, 'no such file')
})

test('an image that has proved itself forgets the one before', () => {
  const own = trying('ready', 60_000)
  const fields = imageFields(own, decideImage(question({ own }), LIMITS), { wanted: 'v2', now: ago(0) })
  assert.deepEqual([fields.image, fields.previous_image, fields.image_since], ['v2', '', own.image_since])
})

test('a rollout and its return are remembered', () => {
  const now = ago(0)
  const begun = imageFields(record('v1'), { image: 'v2', reason: 'Canary' }, { wanted: 'v2', now })
  const none = { rejected_image: '', rejected_why: '' }
  assert.deepEqual(begun, { image: 'v2', previous_image: 'v1', ...none, rollout: 'Canary', image_since: now })
  const returned = imageFields(record('v2', begun), { image: 'v1', reason: 'RolledBack' }, { wanted: 'v2', now })
  const rejected = { rejected_image: 'v2', rejected_why: '', rollout: 'RolledBack' }
  assert.deepEqual(returned, { image: 'v1', previous_image: '', ...rejected, image_since: now })
  const kept = imageFields(
    record('v1', returned),
    { image: 'v1', reason: 'RolledBack' },
    { wanted: 'v2', now: 'later' },
  )
  assert.deepEqual(kept, returned)
  const next = imageFields(record('v1', returned), { image: 'v3', reason: 'Canary' }, { wanted: 'v3', now })
  assert.deepEqual(next, { image: 'v3', previous_image: 'v1', ...none, rollout: 'Canary', image_since: now })
})
