import assert from 'node:assert/strict'
import test from 'node:test'
import { isSkipped, parseSkipRules } from './skip-rules.ts'

const rules = parseSkipRules('/public\n/tree(/.*)?\n\n^/health$\r\n/a|/b\n')
assert.ok(!('problem' in rules))

const targets: ReadonlyArray<[target: string, isPublic: boolean]> = [
  ['/public', true],
  ['/public?b=c', true],
  ['/health?x', true],
  ['/tree', true],
  ['/tree/', true],
  ['/tree/a/b?c=d', true],
  ['/a', true],
  ['/b', true],
  ['/publicity', false],
  ['/public.', false],
  ['/public-admin', false],
  ['/public/', false],
  ['/public/admin', false],
  ['/treetop', false],
  ['/healthy', false],
  ['/ab', false],
  ['/admin/b', false],
  ['/public%0a', false],
  ['/a/public', false],
  ['/?x=/public', false],
  ['/admin?/public', false],
  ['/admin#/public', false],
  ['/admin%23/public', false],
  ['/admin;/public', false],
  ['//public', false],
  ['/./public', false],
  ['/tree/../admin', false],
  ['/tree/..;/admin', false],
  ['/tree/%2e%2e/admin', false],
  ['/tree/%2f..%2fadmin', false],
  ['/tree/%5c..%5cadmin', false],
  ['/tree/%252e%252e/admin', false],
  ['/tree/\\..\\admin', false],
  ['/PUBLIC', false],
  ['/tree/%00', false],
  ['/tree/%zz', false],
  ['public', false],
]
for (const [target, isPublic] of targets)
  test(`PX-08: ${target} is ${isPublic ? 'public' : 'not public'}`, () =>
    assert.equal(isSkipped(rules, target), isPublic))

for (const line of ['(', '/x)|(.*', '[', '/a\\', '*'])
  test(`the line ${line} is no expression, and a problem of them all`, () =>
    assert.ok('problem' in parseSkipRules(`/ok\n${line}`)))
