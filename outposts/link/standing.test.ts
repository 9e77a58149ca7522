import assert from 'node:assert/strict'
import test from 'node:test'
import { CoreRefusedError, CoreUnreachableError } from '#schema/kernel/errors.ts'
import { askAgainMs, GRACE_MS, isRefusal, Standing, WrongOutpostError } from './standing.ts'

const errors: ReadonlyArray<[what: string, error: unknown, is: boolean]> = [
  ['401', new CoreRefusedError(401, undefined), true],
  ['403', new CoreRefusedError(403, undefined), true],
  ['no outpost for this token', new WrongOutpostError('none'), true],
  ['404', new CoreRefusedError(404, undefined), false],
  ['429', new CoreRefusedError(429, undefined), false],
  ['503', new CoreRefusedError(503, undefined), false],
  ['no answer', new CoreUnreachableError('x'), false],
  ['a mistake of ours', new TypeError('x'), false],
]
for (const [what, error, is] of errors)
  test(`${what} is ${is ? 'a refusal' : 'no refusal'}`, () => assert.equal(isRefusal(error), is))

test('WS-06: a refused outpost lets people in for the grace only, and again once it is accepted', () => {
  let now = 1_000
  const changes: boolean[] = []
  const standing = new Standing({ now: () => now }, (is) => void changes.push(is))
  assert.equal(standing.mayAdmit(), true)
  standing.refused()
  now += GRACE_MS - 1
  standing.refused()
  assert.equal(standing.mayAdmit(), true)
  now += 1
  assert.equal(standing.mayAdmit(), false)
  standing.accepted()
  standing.accepted()
  assert.equal(standing.mayAdmit(), true)
  assert.deepEqual(changes, [true, false])
})

test('WS-06: a core that has said no is left alone for a minute at least', () => {
  for (const random of [0, 0.5, 0.999_999]) assert.ok(askAgainMs(() => random) >= 60_000)
})
