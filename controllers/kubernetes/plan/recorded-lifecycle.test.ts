import assert from 'node:assert/strict'
import test from 'node:test'
import { staleOf } from '#controllers/kubernetes/apply-deployment.ts'
import { type WantedObjects, wantedObjects } from '#controllers/kubernetes/wanted-objects.ts'
import type { KubernetesObject } from '#schema/deployment/desired-object.ts'
import { imageOf } from '#schema/deployment/image.ts'
import type { DeployableOutpost } from '#schema/deployment/outpost.ts'
import { patchesProblem } from '#schema/deployment/patch/patches-problem.ts'
import { readDeploymentSettings } from '#schema/deployment/settings.ts'
import { settingsProblem } from '#schema/deployment/settings-problem.ts'
import type { InventoryItem } from '#schema/deployment/status.ts'
import { changedPointers } from '#schema/kernel/json-pointer.ts'
import {
  exampleOutpost,
  exampleProvider,
  RECORDED_CONTEXT,
  RECORDED_SECRETS,
} from '#test/support/deployment-vectors.ts'
import {
  type LifecycleStep,
  type RecordedVariant,
  recordedLifecycle,
  recordedVariants,
  serving,
  thereAfter,
} from '#test/support/recorded-requests.ts'
import { itemOf, keyOf, withoutKeys } from './inventory.ts'

type Serves = RecordedVariant['serves']
const NOTHING: WantedObjects = { desired: [], objects: [], rejected: [] }
const OLD_INGRESS = /^networking.k8s.io\/Ingress\/default\//

/** Where what is there in the end differs from what the reference has there, on purpose. */
const DIFFERENCES: ReadonlyArray<['only ours' | 'only theirs', step: RegExp, key: RegExp, why: string]> = [
  ['only ours', /./, /^\/Service\/.*-metrics$/, 'metrics have a Service of their own'],
  ['only theirs', /^after disabling a component/, OLD_INGRESS, 'CT-09: what is disabled goes'],
  [
    'only theirs',
    /^after (?:a change|a rename|delete)/,
    OLD_INGRESS,
    'CT-20: the reference forgets what was disabled when the outpost moved',
  ],
  ['only ours', /^both traefik CRDs: up/, /^traefik.containo.us\//, 'routers may ask for either'],
  ['only ours', /^listing CRDs forbidden/, OLD_INGRESS, 'CT-05: a right that is missing holds up nothing else'],
  ['only theirs', /^all components disabled: (?:up|down with logs)/, /./, 'CT-09: what is disabled goes'],
  ['only ours', /^unknown placeholder/, /-obj-variants-[0-9a-f]{8}$/, 'the usual name, where it was saved before'],
]
const used = new Set<number>()

/** One outpost in a cluster: what was last written there, and what passes make of it. */
class Replay {
  there: readonly InventoryItem[] = []
  /** Objects that were there before and are written anew: `Kind /pointer`. */
  changed: readonly string[] = []
  readonly #written = new Map<string, KubernetesObject>()

  /** One pass; without an outpost everything goes. */
  pass(outpost: DeployableOutpost | undefined, serves: Serves): void {
    const wanted = outpost === undefined ? NOTHING : wantedObjects(deploymentOf(outpost), serves)
    const objects = wanted.objects.map(({ object }) => object).filter(({ apiVersion }) => serves(apiVersion))
    const stale = staleOf(wanted, this.there)
    for (const item of stale) this.#written.delete(keyOf(item))
    this.changed = objects.flatMap((object) => this.#write(object))
    const made = objects.map(itemOf)
    this.there = [...withoutKeys(this.there, [...stale, ...made]), ...made]
  }

  #write(object: KubernetesObject): readonly string[] {
    const key = keyOf(itemOf(object))
    const before = this.#written.get(key)
    this.#written.set(key, object)
    return before === undefined ? [] : changedPointers(before, object).map((pointer) => `${object.kind} ${pointer}`)
  }
}

const deploymentOf = (outpost: DeployableOutpost) => ({
  outpost,
  context: RECORDED_CONTEXT,
  secrets: RECORDED_SECRETS,
  image: imageOf(outpost, RECORDED_CONTEXT),
})

/** The same is there, except for the differences on purpose. */
function compare(step: string, ours: readonly InventoryItem[], theirs: ReadonlySet<string>): void {
  const own = new Set(ours.map(keyOf))
  const differing = [
    ...[...own.difference(theirs)].map((key) => ['only ours', key] as const),
    ...[...theirs.difference(own)].map((key) => ['only theirs', key] as const),
  ]
  for (const [whose, key] of differing) {
    const row = DIFFERENCES.findIndex(([of, where, what]) => of === whose && where.test(step) && what.test(key))
    assert.notEqual(row, -1, `${step}: ${whose} ${key}`)
    used.add(row)
  }
}

interface Expected {
  /** What is said when it is saved; the reference says nothing. */
  readonly problem?: RegExp
  readonly changed?: readonly string[]
}
const LIFECYCLE: Readonly<Record<string, Expected>> = {
  'after create': {},
  // The reference fails there, and does not come to what follows in its order.
  'after an invalid patch': { problem: /deployment, operation 0: nothing is at \/spec\/nope/ },
  'after a patch below a missing parent': { changed: ['Deployment /metadata/annotations'] },
  'after disabling a component that exists': { changed: ['Deployment /metadata/annotations'] },
  'after a change of namespace': {},
  'after a rename': {},
  // The reference does nothing before its next pass, which may be four hours later.
  'after a change of the provider': { changed: ['Ingress /spec/rules/0/host', 'Ingress /spec/tls/0/hosts/0'] },
  'after delete': {},
}
const lifecycle = recordedLifecycle()
const variants = recordedVariants()

test('CT-20: what is there through the life of an outpost', async (t) => {
  assert.deepEqual(
    lifecycle.steps.map(({ what }) => what),
    Object.keys(LIFECYCLE),
  )
  const ours = new Replay()
  let theirs: ReadonlySet<string> = new Set()
  let outpost = {
    ...exampleOutpost(),
    providers: [exampleProvider('obj-p', 'forward_single', 'https://a.example.com')],
  }
  for (const { what, saved, requests } of lifecycle.steps) {
    const { problem, changed = [] } = LIFECYCLE[what]!
    outpost = { ...outpost, ...changesOf(saved ?? {}) }
    theirs = thereAfter(requests, theirs)
    ours.pass(saved && outpost, serving())
    await t.test(what, () => {
      assert.match(patchesProblem(outpost, RECORDED_CONTEXT) ?? 'none', problem ?? /^none$/)
      assert.deepEqual(ours.changed, changed)
      compare(what, ours.there, theirs)
    })
  }
  assert.deepEqual([...theirs], lifecycle.left, 'what the reference leaves')
  assert.deepEqual(ours.there, [])
})

function changesOf({ name, config, external_host: host, mode }: NonNullable<LifecycleStep['saved']>) {
  return {
    ...(name === undefined ? {} : { name }),
    ...(config === undefined ? {} : { settings: readDeploymentSettings(config)! }),
    ...(host === undefined ? {} : { providers: [exampleProvider('obj-p', mode!, host)] }),
  }
}

/** What others change in objects is seen in a cluster only: the names stay. */
const NAMED = variants.filter(({ step }) => !/^drift: (?!first up)/.test(step))
const FORBIDDEN = 'listing CRDs forbidden: up'
const BY_STATE = [
  ...NAMED.filter(({ step }) => step === FORBIDDEN),
  // What is disabled is what was there before others changed it.
  ...NAMED.filter(({ step }) => step !== FORBIDDEN),
]
/** Nothing was there before. */
const AFRESH = /^(?!all components disabled).*: (?:first )?up$/

test('what is there under changing circumstances', async (t) => {
  let ours = new Replay()
  let theirs: ReadonlySet<string> = new Set()
  for (const { step, outpost, serves, requests } of BY_STATE) {
    if (AFRESH.test(step)) [ours, theirs] = [new Replay(), new Set()]
    theirs = thereAfter(requests, theirs)
    ours.pass(/: .*down/.test(step) ? undefined : outpost, serves)
    await t.test(step, () => compare(step, ours.there, theirs))
  }
})

test('a template that cannot be filled is refused when it is saved', () => {
  const { outpost } = variants.find(({ step }) => step.startsWith('unknown placeholder'))!
  assert.match(settingsProblem(outpost.settings)!, /object_naming_template.*nope/)
})

test('every difference on purpose is one', () => {
  assert.deepEqual(
    DIFFERENCES.filter((_, row) => !used.has(row)).map(([whose, step, key]) => `${whose} ${step} ${key}`),
    [],
  )
})
