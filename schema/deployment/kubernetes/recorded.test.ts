import assert from 'node:assert/strict'
import test from 'node:test'
import { changedPointers } from '#schema/kernel/json-pointer.ts'
import {
  RECORDED_CASES,
  RECORDED_CONTEXT,
  RECORDED_SECRETS,
  type RecordedObject,
  recordedObjects,
  recordedOutpost,
} from '#test/support/deployment-vectors.ts'
import { recordedVariants } from '#test/support/recorded-requests.ts'
import type { DesiredObject } from '../desired-object.ts'
import { desiredObjects } from './desired-objects.ts'

/** Where our objects differ from the reference's, on purpose. */
const DIFFERENCES: ReadonlyArray<[component: RegExp, pointer: RegExp, why: string]> = [
  [/^(secret|deployment|service|ingress)$/, /^\/(apiVersion|kind)$/, 'the reference’s client leaves them out'],
  [/./, /^\/metadata\/annotations$/, 'a patch can add an annotation without making their parent'],
  [/^secret$/, /^\/type$/, 'said instead of left to the server'],
  [/^deployment$/, /^\/spec\/strategy$/, 'CT-04: never fewer pods than wanted'],
  [/^deployment$/, /^\/spec\/template\/metadata\/annotations$/, 'new pods when the Secret changes'],
  [/^deployment$/, /\/spec\/(automountServiceAccountToken|volumes)$/, 'CT-15: least privilege'],
  [/^deployment$/, /\/spec\/securityContext\/runAs(NonRoot|User|Group)$/, 'CT-15: least privilege'],
  [
    /^deployment$/,
    /\/containers\/0\/(securityContext\/readOnlyRootFilesystem|volumeMounts)$/,
    'CT-15: least privilege',
  ],
  [/^deployment$/, /\/spec\/enableServiceLinks$/, 'other services are none of the outpost’s business'],
  [/^deployment$/, /\/spec\/terminationGracePeriodSeconds$/, 'requests under way come to an end'],
  [/^deployment$/, /\/spec\/topologySpreadConstraints$/, 'replicas are on different machines where possible'],
  [/^deployment$/, /\/containers\/0\/(startup|readiness|liveness)Probe$/, 'the reference has no probes'],
  [/^deployment$/, /\/containers\/0\/resources$/, 'the reference has no resources'],
  [/^deployment$/, /\/metadata\/labels\/(app.kubernetes.io~1)?version$/, 'CT-17: of the image, not of the core'],
  [/^deployment$/, /\/containers\/0\/args$/, 'an image of no known type is told its type'],
  [/^deployment$/, /\/containers\/0\/ports\/1$/, 'metrics of RADIUS too'],
  [/^service$/, /^\/spec\/ports\/[12](\/(name|port|targetPort))?$/, 'metrics have a Service of their own'],
  [/^service$/, /^\/spec\/selector\/goauthentik.io~1outpost-name$/, 'CT-04: a new name leaves no Service without pods'],
  [/servicemonitor$/, /^\/spec\/selector\/matchLabels\//, 'finds the metrics Service, whatever the version and name'],
  [
    /^ingress$/,
    /^\/metadata\/annotations\/nginx.ingress.kubernetes.io~1proxy-busy-buffers-size$/,
    'as in later releases',
  ],
  [/^ingress$/, /^\/metadata\/annotations\/traefik.ingress.kubernetes.io~1router.tls$/, 'not where no host is https'],
  [/^ingress$/, /^\/spec\/rules\/(0\/http\/paths\/1|4)$/, 'one rule per host'],
  [/^ingress$/, /^\/spec\/tls\/0\/hosts\/3$/, 'each host once'],
  [/^ingress$/, /^\/spec\/tls$/, 'left out where no host is https'],
  [/middleware$/, /\/authResponseHeaders\/([2-9]|1[01])$/, 'entitlements, as in later releases'],
  [/middleware$/, /\/authResponseHeaders\/12$/, 'a token that opened the application is not for the application'],
  [/middleware$/, /\/authResponseHeadersRegex$/, 'PX-05: the reference lets other spellings of clients through'],
]
const OURS_ONLY: ReadonlyArray<[component: string, cases: RegExp]> = [
  ['metrics service', /./],
  ['pod disruption budget', /rich/],
]
const LEFT_OUT: ReadonlyArray<[component: string, cases: RegExp, why: string]> = [
  ['ingress', /^(?:proxy-empty|last provider removed: second up)$/, 'an Ingress without rules is refused'],
]
/** The reference's name is not legal in Kubernetes. */
const RENAMED = { 'ak-outpost-obj-proxy_http-uni': /^ak-outpost-obj-proxy-http-uni-[0-9a-f]{8}$/ }

const used = new Set<number>()

/** Every difference of one object is one on purpose. */
function compare(
  { reconciler: component, object }: Pick<RecordedObject, 'reconciler' | 'object'>,
  ours: readonly DesiredObject[],
): void {
  const { apiVersion, metadata } = object
  const own = ours.find(
    (each) => each.component === component && each.object.apiVersion === (apiVersion ?? each.object.apiVersion),
  )
  for (const pointer of changedPointers(renamed(object, own!.object.metadata.name), own!.object)) {
    const row = DIFFERENCES.findIndex(([where, what]) => where.test(component) && what.test(pointer))
    assert.notEqual(row, -1, `${component} ${metadata.name} ${pointer}`)
    used.add(row)
  }
}

for (const name of RECORDED_CASES) {
  test(`objects of ${name} are the reference's, except for the differences on purpose`, () => {
    const ours = desiredObjects(recordedOutpost(name), RECORDED_CONTEXT, RECORDED_SECRETS)
    const recorded = recordedObjects(name).filter(({ noop }) => !noop)
    const left = LEFT_OUT.filter(([, cases]) => cases.test(name)).map(([component]) => component)
    for (const each of recorded.filter(({ reconciler }) => !left.includes(reconciler))) compare(each, ours)
    const more = OURS_ONLY.filter(([, cases]) => cases.test(name)).map(([component]) => component)
    const expected = [...recorded.map(({ reconciler }) => reconciler).filter((each) => !left.includes(each)), ...more]
    assert.deepEqual([...new Set(ours.map(({ component }) => component))].sort(), expected.sort())
  })
}

for (const { step, outpost, written } of recordedVariants().filter((each) => each.written.length > 0)) {
  test(`what is written in "${step}" is the reference's, except for the differences on purpose`, () => {
    const ours = desiredObjects(outpost, RECORDED_CONTEXT, RECORDED_SECRETS)
    for (const each of written) {
      const isLeft = LEFT_OUT.some(([component, cases]) => component === each.reconciler && cases.test(step))
      if (isLeft) assert.ok(!ours.some(({ component }) => component === each.reconciler))
      else compare(each, ours)
    }
  })
}

test('every difference on purpose is one', () => {
  assert.deepEqual(
    DIFFERENCES.filter((_, row) => !used.has(row)).map(([component, pointer]) => `${component} ${pointer}`),
    [],
  )
})

function renamed(object: Record<string, any>, name: string): unknown {
  const theirs: string = object['metadata'].name
  if (theirs === name) return object
  assert.match(name, RENAMED[theirs as keyof typeof RENAMED])
  return JSON.parse(JSON.stringify(object).replaceAll(theirs, name))
}
