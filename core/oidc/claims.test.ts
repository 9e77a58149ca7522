import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { type ClaimSubject, claimsFor, RESERVED_CLAIMS, scopeExpressionProblem } from './claims.ts'
import { DEFAULT_SCOPE_MAPPINGS } from './default-scope-mappings.ts'

const subject: ClaimSubject = {
  user: {
    pk: 7,
    uid: 'b6c8',
    uuid: '8a2c2a8e-0000-4000-8000-000000000007',
    username: 'oidc-alice',
    name: 'Alice van der Berg',
    email: 'alice@example.com',
    type: 'internal',
    is_superuser: false,
    groups: ['oidc-leaf'],
    all_groups: ['oidc-leaf', 'oidc-root'],
    attributes: { shell: '/bin/sh', nested: { a: [1] } },
  },
  application: { slug: 'app', name: 'App' },
}
const scopes = (text: string) => new Set(text.split(' '))
const mapping = (expression: string, scope = 's', name = 'm') => ({ name, scope, expression })

test('the default mappings give the claims that the reference was seen to give', () => {
  const { claims, failures } = claimsFor(DEFAULT_SCOPE_MAPPINGS, scopes('openid email profile ak_proxy'), subject)
  assert.deepEqual(failures, [])
  assert.deepEqual(claims, {
    email: 'alice@example.com',
    email_verified: true,
    name: 'Alice van der Berg',
    given_name: 'Alice van der Berg',
    preferred_username: 'oidc-alice',
    nickname: 'oidc-alice',
    groups: ['oidc-leaf'],
    ak_proxy: { user_attributes: { shell: '/bin/sh', nested: { a: [1] } }, is_superuser: false },
  })
})

test('a scope that was not granted gives no claims', () => {
  assert.deepEqual(claimsFor(DEFAULT_SCOPE_MAPPINGS, scopes('openid email'), subject).claims, {
    email: 'alice@example.com',
    email_verified: true,
  })
})

test('no mapping sets a reserved claim (OA-20)', () => {
  const all = [...RESERVED_CLAIMS].map((name) => `"${name}": "forged"`).join(', ')
  assert.deepEqual(claimsFor([mapping(`{${all}, "kept": 1}`)], scopes('s'), subject).claims, { kept: 1 })
})

const evaluated: ReadonlyArray<[expression: string, claims: JsonObject]> = [
  ['{"n": user.pk + 1.0, "i": 40 + 2, "list": user.groups.map(g, g + "!")}', { n: 8, i: 42, list: ['oidc-leaf!'] }],
  ['{"x": has(user.attributes.shell) ? user.attributes.shell : ""}', { x: '/bin/sh' }],
  ['{"deep": {"er": {"a": 1, "b": [1, "two", null, true]}}}', { deep: { er: { a: 1, b: [1, 'two', null, true] } } }],
  ['"no map"', {}],
  ['{"__proto__": {"polluted": true}}', {}],
]
for (const [expression, claims] of evaluated)
  test(expression, () => {
    const result = claimsFor([mapping(expression)], scopes('s'), subject)
    assert.deepEqual(result, { claims, failures: [] })
    assert.equal('polluted' in {}, false)
  })

test('mappings merge in the order of their scopes, whatever order they come in', () => {
  const both = [mapping('{"a": {"x": 2, "z": 3}}', 'b'), mapping('{"a": {"x": 1, "y": 1}}', 'a')]
  assert.deepEqual(claimsFor(both, scopes('a b'), subject).claims, { a: { x: 2, y: 1, z: 3 } })
})

test('a mapping that fails is named, and the others still count', () => {
  const { claims, failures } = claimsFor(
    [mapping('{"a": user.attributes.missing}', 's', 'broken'), mapping('{"b": 1}', 't')],
    scopes('s t'),
    subject,
  )
  assert.deepEqual(claims, { b: 1 })
  assert.deepEqual(
    failures.map((failure) => failure.mapping),
    ['broken'],
  )
})

const checked: ReadonlyArray<[expression: string, problem: RegExp | undefined]> = [
  ['{"a": user.email}', undefined],
  ['{}', undefined],
  ['has(user.attributes.x) ? {"a": 1} : {}', undefined],
  ['user.attributes', undefined],
  ['{"a": ', /Unexpected token/],
  ['{"a": usr.email}', /Unknown variable/],
  ['"text"', /not string/],
  ['1 + 1', /not int/],
]
for (const [expression, problem] of checked)
  test(`check of ${expression}`, () => {
    const found = scopeExpressionProblem(expression)
    if (problem === undefined) assert.equal(found, undefined)
    else assert.match(found!, problem)
  })
