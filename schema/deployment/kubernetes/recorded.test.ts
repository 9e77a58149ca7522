import assert from 'node:assert/strict'
import test from 'node:test'
import { changedPointers } from '#schema/kernel/json-pointer.ts'
import {
  RECORDED_CASES,
  RECORDED_CONTEXT,
  RECORDED_SECRETS,
  recordedObjects,
  recordedOutpost,
} from '#test/support/deployment-vectors.ts'
import { objectName } from '../names.ts'
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
  ['ingress', /^proxy-empty$/, 'an Ingress without rules is refused'],
]
/** The reference's name is not legal in Kubernetes. */
const RENAMED = { 'ak-outpost-obj-proxy_http-uni': /^ak-outpost-obj-proxy-http-uni-[0-9a-f]{8}$/ }

const used = new Set<number>()

for (const name of RECORDED_CASES) {
  test(`objects of ${name} are the reference's, except for the differences on purpose`, () => {
    const outpost = recordedOutpost(name)
    const ours = desiredObjects(outpost, RECORDED_CONTEXT, RECORDED_SECRETS)
    const recorded = recordedObjects(name).filter(({ noop }) => !noop)
    for (const { reconciler: component, object } of recorded) {
      if (LEFT_OUT.some(([left, cases]) => left === component && cases.test(name))) continue
      const theirs = renamed(object, objectName(outpost))
      const own = ours.find((each) => each.component === component)!.object
      for (const pointer of changedPointers(theirs, own)) {
        const row = DIFFERENCES.findIndex(([where, what]) => where.test(component) && what.test(pointer))
        assert.notEqual(row, -1, `${component} ${pointer}`)
        used.add(row)
      }
    }
    const left = LEFT_OUT.filter(([, cases]) => cases.test(name)).map(([component]) => component)
    const more = OURS_ONLY.filter(([, cases]) => cases.test(name)).map(([component]) => component)
    const expected = [...recorded.map(({ reconciler }) => reconciler).filter((each) => !left.includes(each)), ...more]
    assert.deepEqual([...new Set(ours.map(({ component }) => component))].sort(), expected.sort())
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
