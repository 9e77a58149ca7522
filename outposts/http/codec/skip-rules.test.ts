import assert from 'node:assert/strict'
import test from 'node:test'
import { isSkipped, parseSkipRules } from './skip-rules.ts'

const rules = parseSkipRules('/public(/|$)\n\n/health\n')
assert.ok(!('problem' in rules))

const targets: ReadonlyArray<[target: string, isPublic: boolean]> = [
  ['/public', true],
  ['/public/a?b=c', true],
  ['/health?x', true],
  ['/publicity', false],
  ['/a/public', false],
  ['/?x=/public', false],
  ['/admin?/public', false],
  ['/admin#/public', false],
  ['/admin%23/public', false],
  ['/admin;/public', false],
  ['//public', false],
  ['/./public', false],
  ['/public/../admin', false],
  ['/public/..;/admin', false],
  ['/public/%2e%2e/admin', false],
  ['/public%2f..%2fadmin', false],
  ['/public%5c..%5cadmin', false],
  ['/public/%252e%252e/admin', false],
  ['/public\\..\\admin', false],
  ['/PUBLIC', false],
  ['/public/%00', false],
  ['/public/%zz', false],
  ['public', false],
]
for (const [target, isPublic] of targets)
  test(`PX-08: ${target} is ${isPublic ? 'public' : 'not public'}`, () =>
    assert.equal(isSkipped(rules, target), isPublic))

test('a line that is no expression is a problem of them all', () => assert.ok('problem' in parseSkipRules('/ok\n(')))
