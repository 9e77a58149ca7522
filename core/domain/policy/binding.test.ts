import assert from 'node:assert/strict'
import test from 'node:test'
import { type Binding, evaluateBinding, type PolicyRequest } from './binding.ts'
import { type BindingResult, combine } from './combine.ts'
import { expressionProblem } from './expression.ts'

const request: PolicyRequest = {
  userId: 7,
  groupUuids: new Set(['staff']),
  input: { user: { username: 'demo', groups: ['staff'] }, request: { client_ip: '192.0.2.1' }, context: {} },
}
const binding = (subject: Binding['subject'], options: Partial<Binding> = {}): Binding => ({
  uuid: 'b',
  negate: false,
  failureResult: false,
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
    assert.equal(evaluateBinding(bound, request).passing, passing))

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

const problems: ReadonlyArray<[expression: string, ok: boolean]> = [
  ['1 == 1', true],
  ['user.is_superuser', true],
  ['"a"', false],
  ['1 ==', false],
  ['unknown == 1', false],
]
for (const [text, ok] of problems)
  test(`${text} ${ok ? 'can' : 'cannot'} be saved as a policy`, () =>
    assert.equal(expressionProblem(text) === undefined, ok))
