import assert from 'node:assert/strict'
import test from 'node:test'
import { type Binding, evaluateBinding, type PolicyRequest } from './binding.ts'
import { type BindingResult, combine } from './combine.ts'

const request: PolicyRequest = {
  userId: 7,
  groupUuids: new Set(['staff']),
  input: { user: { username: 'demo', groups: ['staff'] }, request: { client_ip: '192.0.2.1' }, context: {} },
}
const binding = (subject: Binding['subject'], options: Partial<Binding> = {}): Binding => ({
  uuid: 'b',
  negate: false,
  failureResult: false,
  timeoutMs: 30_000,
  subject,
  ...options,
})
const expression = (text: string): Binding['subject'] => ({
  kind: 'policy',
  policy: { kind: 'expression', name: 'p', expression: text },
})

const bindings: ReadonlyArray<[what: string, binding: Binding, passing: boolean]> = [
  ['the user', binding({ kind: 'user', id: 7 }), true],
  ['another user', binding({ kind: 'user', id: 8 }), false],
  ['not another user', binding({ kind: 'user', id: 8 }, { negate: true }), true],
  ['a group of the user', binding({ kind: 'group', uuid: 'staff', name: 'staff' }), true],
  ['a foreign group', binding({ kind: 'group', uuid: 'admins', name: 'admins' }), false],
  ['a true expression', binding(expression('user.username == "demo"')), true],
  ['a false expression', binding(expression('request.client_ip == "x"')), false],
  ['a negated false expression', binding(expression('request.client_ip == "x"'), { negate: true }), true],
  ['an expression that throws', binding(expression('user.nothing.here == 1')), false],
  ['an expression that throws is not negated', binding(expression('user.nothing.here == 1'), { negate: true }), false],
  [
    'the failure result of one that throws',
    binding(expression('user.nothing.here == 1'), { failureResult: true }),
    true,
  ],
  ['an expression that is not a boolean', binding(expression('user.username')), false],
  ['no CEL at all', binding(expression('import os')), false],
  ['a kind that cannot be evaluated', binding({ kind: 'policy', policy: { kind: 'unsupported', name: 'x' } }), false],
  ['a dummy that passes', binding({ kind: 'policy', policy: { kind: 'dummy', name: 'x', result: true } }), true],
]
for (const [what, bound, passing] of bindings)
  test(`a binding to ${what} ${passing ? 'passes' : 'does not pass'}`, () =>
    assert.equal(evaluateBinding(bound, request, () => 0).passing, passing))

/** A clock by which whatever happens between two looks takes so long. */
function clockTaking(ms: number): () => number {
  let looks = 0
  return () => looks++ * ms
}
const late: ReadonlyArray<
  [what: string, options: Partial<Binding>, tookMs: number, passing: boolean, failed: boolean]
> = [
  ['as long as its timeout', { timeoutMs: 100 }, 100, true, false],
  ['longer than its timeout', { timeoutMs: 100 }, 101, false, true],
  ['too long and is negated', { timeoutMs: 100, negate: true }, 101, false, true],
  ['too long and has a failure result', { timeoutMs: 100, failureResult: true }, 101, true, true],
  ['longer than any may', { timeoutMs: 30_000 }, 1_000, false, true],
  ['less than any may, without a timeout of its own', { timeoutMs: 0 }, 50, true, false],
  ['longer than any may, without a timeout of its own', { timeoutMs: 0 }, 1_000, false, true],
]
for (const [what, options, tookMs, passing, failed] of late)
  test(`FL-06: a binding whose policy takes ${what} ${passing ? 'passes' : 'does not pass'}`, () => {
    const result = evaluateBinding(binding(expression('1 == 1'), options), request, clockTaking(tookMs))
    assert.deepEqual([result.passing, result.failed], [passing, failed], result.reason)
  })

const result = (passing: boolean): BindingResult => ({
  binding: 'b',
  passing,
  messages: [],
  reason: String(passing),
  failed: false,
})
const verdicts: ReadonlyArray<[mode: string, results: boolean[], passing: boolean]> = [
  ['any', [], true],
  ['all', [], true],
  ['any', [false, true], true],
  ['any', [false, false], false],
  ['all', [true, true], true],
  ['all', [true, false], false],
  ['neither', [true], false],
]
for (const [mode, results, passing] of verdicts)
  test(`${mode} of [${results}] is ${passing}`, () => assert.equal(combine(mode, results.map(result)).passing, passing))
