import assert from 'node:assert/strict'
import test from 'node:test'
import { changedPointers } from '#schema/kernel/json-pointer.ts'
import {
  exampleOutpost,
  RECORDED_CONTEXT,
  RECORDED_SECRETS,
  recordedPatches,
} from '#test/support/deployment-vectors.ts'
import { desiredObjects } from '../kubernetes/desired-objects.ts'
import { type PatchedObjects, patchObjects } from './patch-objects.ts'

const CONTAINERS = '/spec/template/spec/containers'
const CHECKSUM = '/spec/template/metadata/annotations/checksum~1secret'

/** By RFC 6902, per recorded patch: what it changes, or why it is refused. What no server takes is the server's to say. */
const OUTCOMES: ReadonlyArray<readonly string[] | RegExp> = [
  /nothing is at \/spec\/nope$/,
  /nothing is at \/spec\/nope$/,
  /nothing is at \/spec\/nope, add that first/,
  /another value is at \/spec\/replicas/,
  [],
  /"op" is one of/,
  /"op" is one of/,
  /path is required/,
  /value is required/,
  /path should be a JSON pointer/,
  /\/apiVersion cannot be changed/,
  /9 is not an index from 0 to 1/,
  [`${CONTAINERS}/1`],
  [
    'name',
    'image',
    'ports',
    'env',
    'startupProbe',
    'readinessProbe',
    'livenessProbe',
    'resources',
    'securityContext',
    'volumeMounts',
  ]
    .map((field) => `${CONTAINERS}/0/${field}`)
    .concat(`${CONTAINERS}/1`),
  /nothing is at .*\/-$/,
  /x is not an index/,
  /nothing is at .*\/00$/,
  ['/spec/replicas'],
  /\/spec\/template\/.* cannot be changed/,
  /\/spec\/template\/.* cannot be changed/,
  ['/spec/replicas'],
  ['/spec/unknownField'],
  /\/metadata\/name cannot be changed/,
  /\/metadata\/namespace cannot be changed/,
  ['/spec/replicas', '/spec/minReadySeconds'],
  /nothing is at \/spec\/nope$/,
  /from is required/,
  ['/spec/template/spec/securityContext'],
  [],
  /should be an operation/,
  ['/metadata/annotations'],
  ['/data/token', CHECKSUM],
  ['/data/extra', CHECKSUM],
  ['/spec/ports/2'],
  ['/spec/ports/0/nodePort'],
  ['/spec/tls/0'],
  ['/spec/rules'],
  ['/spec/rules/2'],
  ['/spec/endpoints/0/path'],
  ['/spec/endpoints/0/interval'],
  ['/spec/endpoints/0/port'],
  ['/spec/forwardAuth/trustForwardHeader', '/spec/forwardAuth/trustForwardHeader'],
  ['/spec/forwardAuth/tls', '/spec/forwardAuth/tls'],
  ['/spec/forwardAuth/trustForwardHeader', '/spec/forwardAuth/trustForwardHeader'],
  /did you mean "deployment"\?/,
  /did you mean "service"\?/,
]

const desired = desiredObjects(exampleOutpost(), RECORDED_CONTEXT, RECORDED_SECRETS)
const unpatched = patchObjects(desired, null).objects

const changesOf = ({ objects }: PatchedObjects) =>
  objects.flatMap(({ component, object }) => {
    const before = unpatched.filter((each) => each.component === component)
    const same = before.find((each) => each.object.apiVersion === object.apiVersion)
    return changedPointers(same!.object, object)
  })

test('there is an outcome for each recorded patch', () => assert.equal(OUTCOMES.length, recordedPatches().length))

for (const [index, { reconciler, patch }] of recordedPatches().entries()) {
  const expected = OUTCOMES[index]!
  const what = JSON.stringify(patch).slice(0, 80)
  test(`CT-19: ${reconciler} ${what} is ${expected instanceof RegExp ? 'rejected' : 'applied'}, the second time too`, () => {
    const before = structuredClone(desired)
    const first = patchObjects(desired, { [reconciler]: [...patch] })
    assert.deepEqual(patchObjects(desired, { [reconciler]: [...patch] }), first)
    assert.deepEqual(desired, before)
    if (expected instanceof RegExp) {
      assert.partialDeepStrictEqual(first.rejected, [{ component: reconciler, index: 0 }])
      assert.match(first.rejected[0]!.reason, expected)
      const others = unpatched.filter(({ component }) => component !== reconciler)
      assert.deepEqual(first.objects, others, 'the other components go on, this one has no object')
    } else {
      assert.deepEqual(first.rejected, [])
      assert.deepEqual(changesOf(first), expected)
      assert.equal(first.objects.length, unpatched.length)
    }
  })
}
