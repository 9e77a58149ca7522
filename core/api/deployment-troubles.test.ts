import assert from 'node:assert/strict'
import test from 'node:test'
import type { StoredRecord } from '#core/store/tables/deployments.ts'
import { newTroubles } from './deployment-troubles.ts'

const object = (condition: StoredRecord['objects'][number]['condition'], message = 'why') => ({
  component: 'service',
  kind: 'Service',
  name: 'edge',
  condition,
  reason: 'Invalid',
  message,
  since: '2026-01-01T00:00:00.000Z',
})
const record = (more: Partial<StoredRecord> = {}): StoredRecord => ({
  inventory: [],
  objects: [],
  image: 'i:1',
  previous_image: '',
  rejected_image: '',
  rejected_why: '',
  rollout: 'Current',
  error: '',
  reconciled: '2026-01-01T00:00:00.000Z',
  ...more,
})
const failed = record({ objects: [object('failed')] })
const rows: ReadonlyArray<[what: string, before: StoredRecord | undefined, after: StoredRecord, told: string[]]> = [
  ['nothing is wrong', undefined, record({ objects: [object('ready'), object('progressing'), object('skipped')] }), []],
  ['an object fails', record(), failed, ['service: Service edge: Invalid: why']],
  ['it goes on failing, in other words', failed, record({ objects: [object('failed', 'as before')] }), []],
  [
    'it is rejected after it was well',
    record({ objects: [object('ready')] }),
    record({ objects: [object('rejected')] }),
    ['service: Service edge: Invalid: why'],
  ],
  ['all of it fails', failed, record({ error: 'no route to host' }), ['no route to host']],
  ['it fails otherwise', record({ error: 'no route to host' }), record({ error: 'timeout' }), ['timeout']],
  [
    'an image is taken back',
    record(),
    record({ rejected_image: 'i:2', rejected_why: 'out of cheese' }),
    ['the image i:2 did not become healthy: out of cheese'],
  ],
  ['it is well again', failed, record(), []],
]
for (const [what, before, after, told] of rows)
  test(`CT-22: what auditors are told when ${what}`, () => assert.deepEqual(newTroubles(before, after), told))
