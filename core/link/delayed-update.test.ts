import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Update } from '#schema/wire/update.ts'
import { DelayedUpdate } from './delayed-update.ts'

const update = (revision: number): Update => ({
  revision,
  changes: [{ model: 'authentik_core.user', pk: String(revision), action: 'updated' }],
})
const keys = ({ changes }: Update) => changes?.map(({ pk }) => pk).join(' ')

function start(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const told: Update[] = []
  return {
    told,
    delayed: new DelayedUpdate((each) => void told.push(each)),
    tick: (ms: number) => t.mock.timers.tick(ms),
  }
}

test('an update without a delay is told at once', (t) => {
  const { told, delayed } = start(t)
  delayed.add(update(1), 0)
  assert.deepEqual(told.map(keys), ['1'])
})

test('updates that wait become one, told when the first is due, in the order in which they came', (t) => {
  const { told, delayed, tick } = start(t)
  delayed.add(update(1), 100)
  tick(60)
  delayed.add(update(2), 100)
  delayed.add(update(3), 5)
  tick(39)
  assert.equal(told.length, 0)
  tick(1)
  assert.deepEqual(told.map(keys), ['1 2 3'])
  assert.equal(told[0]?.revision, 3)
  tick(1_000)
  assert.equal(told.length, 1)
})

test('an update without a delay takes along the one that waits', (t) => {
  const { told, delayed, tick } = start(t)
  delayed.add(update(1), 100)
  delayed.add(update(2), 0)
  assert.deepEqual(told.map(keys), ['1 2'])
  tick(1_000)
  assert.equal(told.length, 1)
})

test('what was told does not hold up the next', (t) => {
  const { told, delayed, tick } = start(t)
  delayed.add(update(1), 100)
  tick(100)
  delayed.add(update(2), 50)
  tick(50)
  assert.deepEqual(told.map(keys), ['1', '2'])
})

test('nothing is told after the end', (t) => {
  const { told, delayed, tick } = start(t)
  delayed.add(update(1), 100)
  delayed.cancel()
  tick(1_000)
  assert.equal(told.length, 0)
})
