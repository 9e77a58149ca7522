import assert from 'node:assert/strict'
import test from 'node:test'
import { BlueprintError } from './blueprint-error.ts'
import { resolve } from './resolve.ts'
import { parseTree } from './tree.ts'

const surroundings = {
  context: { secret: 's3cret', flag: true },
  keys: new Map<string, unknown>([['flow', 'f-1']]),
  find: async (model: string, conditions: ReadonlyMap<string, unknown>) =>
    model === 'authentik_flows.flow' && conditions.get('slug') === 'x' ? 'found' : undefined,
}

const vectors: ReadonlyArray<[yaml: string, value: unknown]> = [
  ['!Context secret', 's3cret'],
  ['!Context [missing, fallback]', 'fallback'],
  ['!KeyOf flow', 'f-1'],
  ['!Find [authentik_flows.flow, [slug, x]]', 'found'],
  ['!Find [authentik_flows.flow, [slug, y]]', null],
  ['!Find [authentik_flows.flow, [slug, !Context [missing, x]]]', 'found'],
  ['!Format ["%s and %s", !Context secret, b]', 's3cret and b'],
  ['!If [!Context flag, [1, !KeyOf flow], no]', [1, 'f-1']],
  ['a: [!KeyOf flow, {b: !Context flag}]', { a: ['f-1', { b: true }] }],
  ['- &x {a: 1}\n- *x', [{ a: 1 }, { a: 1 }]],
]
for (const [yaml, value] of vectors)
  test(yaml, async () => {
    const tree = parseTree(yaml)
    assert.deepEqual(await resolve(tree, surroundings), value)
    assert.deepEqual(await resolve(tree, surroundings), value, 'and once more from the same tree')
  })

for (const yaml of [
  '!Context missing',
  '!KeyOf nothing',
  '!Unknown x',
  '!Find [m, x]',
  '!If [true]',
  'a: [',
  `${'['.repeat(100)}${']'.repeat(100)}`,
])
  test(`${yaml.slice(0, 30)} is refused`, () =>
    assert.rejects(async () => resolve(parseTree(yaml), surroundings), BlueprintError))
