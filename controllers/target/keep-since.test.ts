import assert from 'node:assert/strict'
import test from 'node:test'
import type { ObjectStatus } from '#schema/deployment/status.ts'
import { keepSince } from './keep-since.ts'

const BEFORE = '2026-01-01T00:00:00.000Z'
const NOW = '2026-01-02T00:00:00.000Z'
const clock = { now: () => Date.parse(NOW) }
const status = (more: Partial<ObjectStatus> = {}) => ({
  component: 'traefik middleware',
  kind: 'Middleware',
  namespace: 'ns',
  name: 'a',
  condition: 'ready' as const,
  reason: 'Applied',
  message: '',
  ...more,
})
const SKIPPED = { condition: 'skipped', reason: 'KindNotServed' } as const

const vectors: ReadonlyArray<[what: string, now: ReturnType<typeof status>, since: string]> = [
  ['is as before', status(), BEFORE],
  ['has another message', status({ message: 'x' }), BEFORE],
  ['has another reason', status({ reason: 'Other' }), NOW],
  ['is in another namespace', status({ namespace: 'other' }), NOW],
  ['is the second of its name', status(SKIPPED), BEFORE],
]
for (const [what, now, since] of vectors)
  test(`an object that ${what} is so since ${since}`, () => {
    const before = [status(), status(SKIPPED)].map((each) => ({ ...each, since: BEFORE }))
    assert.equal(keepSince([now], before, clock)[0]?.since, since)
  })
