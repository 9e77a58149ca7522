import assert from 'node:assert/strict'
import test from 'node:test'
import { CUSTOM_RESOURCE_RULES, customResourceDefinition } from './definitions.ts'
import { CUSTOM_KINDS } from './kinds.ts'

/** What a structural schema may not have, wherever it stands (apiextensions.k8s.io/v1). */
const FORBIDDEN = [
  '$ref',
  '$schema',
  'definitions',
  'deprecated',
  'discriminator',
  'id',
  'readOnly',
  'writeOnly',
  'xml',
]

function* parts(schema: any, path: string): Generator<[path: string, schema: any]> {
  yield [path, schema]
  for (const [name, each] of Object.entries(schema.properties ?? {})) yield* parts(each, `${path}.${name}`)
  if (schema.items !== undefined) yield* parts(schema.items, `${path}[]`)
}

for (const custom of CUSTOM_KINDS)
  test(`the schema of ${custom.kind} is structural, and holds no secret`, () => {
    const [version] = (customResourceDefinition(custom)['spec'] as any).versions
    for (const [path, schema] of parts(version.schema.openAPIV3Schema, custom.kind)) {
      assert.equal(typeof schema.type, 'string', `${path} has a type`)
      for (const key of FORBIDDEN) assert.ok(!(key in schema), `${path} has no ${key}`)
      assert.doesNotMatch(path, /secret$/i)
      if (schema.type === 'object')
        assert.ok('properties' in schema || schema['x-kubernetes-preserve-unknown-fields'] === true, path)
    }
  })

const required: ReadonlyArray<[kind: string, names: string[]]> = [
  ['ProxyProvider', ['authorizationFlow', 'externalHost']],
  ['LdapProvider', ['authorizationFlow']],
  ['RadiusProvider', ['authorizationFlow']],
  ['Application', ['access']],
  ['Outpost', ['type', 'providers']],
]
for (const [kind, names] of required)
  test(`${kind} cannot be without ${names.join(' and ')}`, () => {
    const definition = customResourceDefinition(CUSTOM_KINDS.find((each) => each.kind === kind)!) as any
    assert.deepEqual(definition.spec.versions[0].schema.openAPIV3Schema.properties.spec.required, names)
  })

test('the rights are on our kinds, and to read Secrets', () => {
  assert.deepEqual(
    CUSTOM_RESOURCE_RULES.map(({ apiGroups, verbs }) => [apiGroups, verbs]),
    [
      [['martello.io'], ['list', 'watch', 'patch']],
      [['martello.io'], ['patch']],
      [[''], ['get']],
    ],
  )
})
