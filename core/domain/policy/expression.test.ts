import assert from 'node:assert/strict'
import test from 'node:test'
import { evaluateExpression, expressionProblem, MAX_EVALUATION_MS } from './expression.ts'

const groups = Array.from({ length: 2_000 }, (_, index) => `group ${index}`)
const inputOf = (user: Record<string, unknown>) => ({ user, request: {}, context: {} })
const evaluate = (expression: string, user: Record<string, unknown> = { groups }) =>
  evaluateExpression(expression, inputOf(user), MAX_EVALUATION_MS)

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

const nested = (levels: number, text: string): string => (levels === 0 ? text : `(${nested(levels - 1, text)})`)
const excessive: ReadonlyArray<[what: string, expression: string]> = [
  ['a long one', Array.from({ length: 2_000 }, () => 'user.a == 1').join(' || ')],
  ['a deep one', nested(200, 'true')],
  ['a list of everything', `1 in [${groups.map((_, index) => index).join(',')}]`],
]
for (const [what, text] of excessive)
  test(`FL-06: ${what} cannot be saved, and decides nothing if it was`, () => {
    assert.match(expressionProblem(text) ?? '', /Exceeded/)
    assert.equal(evaluate(text).kind, 'failure')
  })

const doubled = Array.from({ length: 20 }, () => '.map(x, x + x)').join('')
const endless: ReadonlyArray<[what: string, expression: string]> = [
  ['loops in loops', 'user.groups.all(a, user.groups.all(b, user.groups.all(c, a + b + c != "")))'],
  ['a pattern that backtracks', '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!".matches("^(a+)+$")'],
  ['a list that doubles', `size([user.groups]${doubled}) == 1`],
]
for (const [what, text] of endless)
  test(`FL-06: ${what} is ended, and what comes after is not affected`, () => {
    const result = evaluate(text)
    assert.equal(result.kind, 'failure')
    assert.match(result.kind === 'failure' ? result.error : '', /longer than|Invalid/)
    assert.deepEqual(evaluate('user.groups.all(a, a != "x")'), { kind: 'value', value: true })
  })

test('an expression that was ended once is good for input that is small', () => {
  const [[, text]] = endless as [[string, string]]
  assert.equal(evaluate(text).kind, 'failure')
  assert.deepEqual(evaluate(text, { groups: ['a', 'b'] }), { kind: 'value', value: true })
})
