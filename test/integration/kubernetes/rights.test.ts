import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OWNER_LABEL } from '#schema/deployment/kubernetes/labels.ts'
import { uuidHex } from '#schema/deployment/names.ts'
import { exampleOutpost, exampleProvider } from '#test/support/deployment-vectors.ts'
import { hasKubernetes, type Kubernetes } from '#test/support/engines/kubernetes.ts'
import { installCrds } from '#test/support/engines/kubernetes-crds.ts'
import { borrowKubernetes } from '#test/support/engines/kubernetes-shared.ts'
import {
  CONTROLLER_ROLE,
  Deployed,
  grantToController,
  targetOf,
  untilAllowed,
} from '#test/support/kubernetes-deployment.ts'

interface Right {
  readonly verb: string
  readonly group: string
  /** In the plural. */
  readonly resource: string
}
const RIGHTS: readonly Right[] = CONTROLLER_ROLE.rules.flatMap(({ apiGroups, resources, verbs }) =>
  resources.flatMap((resource) => verbs.map((verb) => ({ verb, group: apiGroups[0]!, resource }))),
)
const NAME = 'ak-outpost-obj-patches'
/** Of every kind; of each but Services one. */
const everything = {
  ...exampleOutpost({
    object_naming_template: NAME,
    kubernetes_httproute_parent_refs: [{ name: 'edge' }],
    kubernetes_ingress_class_name: 'of-nobody',
    kubernetes_network_policy: true,
    kubernetes_replicas_max: 3,
  }),
  providers: [exampleProvider('a', 'forward_single', 'https://app.example.com')],
}

const fullName = ({ group, resource }: Right) => (group === '' ? resource : `${resource}.${group}`)
const textOf = (right: Right) => `${right.verb} ${fullName(right)}`

test('CT-05: a controller with few rights', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await borrowKubernetes()

  await t.test('without any right every object says which one is missing', async () => {
    await using target = targetOf(cluster, 'controller')
    const deployed = new Deployed(target, exampleOutpost())
    const statuses = await deployed.apply()
    assert.equal(statuses['secret'], 'failed Forbidden')
    assert.match(deployed.messageOf('secret'), /^get secrets in namespace default: .*403/)
    assert.match(deployed.messageOf('ingress'), /^get ingresses\.networking\.k8s\.io in namespace default/)
  })

  await grantToController(cluster)
  const rights = new Rights(cluster)
  await rights.give()
  await t.test('rights in one namespace are enough', async () => {
    await using target = targetOf(cluster, 'controller')
    const deployed = new Deployed(target, exampleOutpost())
    const statuses = await deployed.apply()
    assert.equal(statuses['secret'], 'ready Applied')
    assert.equal(statuses['deployment'], 'progressing RollingOut')
    assert.equal(statuses['traefik middleware'], 'skipped KindNotServed')
    const plan = await deployed.plan()
    assert.equal(plan['deployment'], 'nothing')
    deployed.outpost = { ...deployed.outpost, providers: [] }
    await deployed.apply()
    assert.equal(await cluster.kubectl('get', 'ingress', '--output=name'), '')
    await deployed.remove()
    assert.deepEqual(deployed.inventory, [])
    assert.equal(await cluster.kubectl('get', 'deployment,secret', NAME, '--ignore-not-found'), '')
  })

  await installCrds(cluster)
  await using target = targetOf(cluster, 'controller')
  const deployed = new Deployed(target, everything)
  await deployed.apply()
  assert.deepEqual(troubles(deployed), [])
  const trial = { cluster, rights, deployed }
  const tried: Right[] = []
  const made = RIGHTS.filter(({ verb }) => verb === 'create')
  for (const right of made)
    await t.test(`each missing right on ${fullName(right)} is named, and the others go on`, async () => {
      tried.push(...(await withoutRightsOn(right, trial)))
    })
  await t.test('so is one on the ReplicaSets that a Deployment leaves', async () => {
    tried.push(...(await withoutReplicaSets(trial)))
  })
  await t.test('who may not look at pods is told nothing of them', async () => {
    const right = { verb: 'list', group: '', resource: 'pods' }
    await rights.give(right)
    assert.equal((await deployed.apply())['deployment'], 'progressing RollingOut')
    await rights.give()
    tried.push(right)
  })
  await t.test('who may not look at IngressClasses is told nothing of them, and still of a certificate', async () => {
    assert.equal((await deployed.apply())['ingress'], 'ready CertificateMissing')
  })
  await t.test('there is no right that nothing needs', () => {
    // That hints are missing without it is in kubernetes-watch.
    const needed = RIGHTS.filter(({ verb }) => verb !== 'watch')
    assert.deepEqual(tried.map(textOf).sort(), needed.map(textOf).sort())
  })
  await deployed.remove()
  assert.deepEqual(deployed.inventory, [])
})

/** The rights of the controller, all of them or all but one. */
class Rights {
  readonly #cluster: Kubernetes
  #changed: Right = RIGHTS[0]!

  constructor(cluster: Kubernetes) {
    this.#cluster = cluster
  }

  /** Returns when the API server goes by them. */
  async give(withheld?: Right): Promise<void> {
    const given = RIGHTS.filter((right) => withheld === undefined || textOf(right) !== textOf(withheld))
    const rules = given.map(({ verb, group, resource }) => ({
      apiGroups: [group],
      resources: [resource],
      verbs: [verb],
    }))
    const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/${CONTROLLER_ROLE.metadata.name}`
    const { status, body } = await this.#cluster.call('admin', path, {
      method: 'PUT',
      body: { ...CONTROLLER_ROLE, rules },
    })
    assert.equal(status, 200, JSON.stringify(body))
    this.#changed = withheld ?? this.#changed
    await untilAllowed(this.#cluster, this.#changed, withheld === undefined)
  }
}

const troubles = ({ objects }: Deployed) =>
  objects.filter(({ condition }) => condition !== 'ready' && condition !== 'progressing')

interface Trial {
  readonly cluster: Kubernetes
  readonly rights: Rights
  readonly deployed: Deployed
}

/** In a pass without a right so many objects tell that it is missing, and no other tells anything. */
async function assertNamed(right: Right, count: number, { rights, deployed }: Trial): Promise<void> {
  await rights.give(right)
  await deployed.apply()
  await rights.give()
  const told = troubles(deployed)
  assert.equal(told.length, count, `${textOf(right)}: ${JSON.stringify(told)}`)
  const said = ['create', 'patch'].includes(right.verb) ? 'create or patch' : right.verb
  for (const { reason, message } of told) {
    assert.equal(reason, 'Forbidden')
    assert.ok(message.startsWith(`${said} ${fullName(right)} in namespace default: `), message)
  }
}

/** By what is made of it, one object each. */
const COMPONENTS: Readonly<Record<string, readonly string[]>> = {
  secrets: ['secret'],
  services: ['service', 'metrics service'],
  deployments: ['deployment'],
  ingresses: ['ingress'],
  networkpolicies: ['network policy'],
  poddisruptionbudgets: ['pod disruption budget'],
  horizontalpodautoscalers: ['horizontal pod autoscaler'],
  servicemonitors: ['prometheus servicemonitor'],
  httproutes: ['httproute'],
  middlewares: ['traefik middleware'],
}

/** Takes each right on something that a deployment makes away, for one pass each; which these were. */
async function withoutRightsOn({ group, resource }: Right, trial: Trial): Promise<readonly Right[]> {
  const { deployed } = trial
  const right = (verb: string): Right => ({ verb, group, resource })
  const components = COMPONENTS[resource]!
  const without = (verb: string) => assertNamed(right(verb), components.length, trial)
  const wholly = async () => {
    await deployed.apply()
    assert.deepEqual(troubles(deployed), [])
  }
  await without('get')
  deployed.settings = { kubernetes_disabled_components: [...components] }
  await without('delete')
  await wholly()
  deployed.settings = { kubernetes_disabled_components: [] }
  await without('create')
  await without('patch')
  await wholly()
  return ['get', 'create', 'patch', 'delete'].map(right)
}

/** The same for what a Deployment leaves when it is made again. */
async function withoutReplicaSets(trial: Trial): Promise<readonly Right[]> {
  const { cluster, deployed } = trial
  const right = (verb: string): Right => ({ verb, group: 'apps', resource: 'replicasets' })
  const { outpost } = deployed
  deployed.outpost = { ...outpost, name: 'another selector' }
  await assertNamed(right('list'), 1, trial)
  deployed.outpost = outpost
  const labels = { app: 'left', [OWNER_LABEL]: uuidHex(outpost.pk) }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'proxy', image: 'x' }] } }
  const left = { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace: 'default', name: 'left' }
  const metadata = { namespace: left.namespace, name: left.name, labels }
  const { apiVersion, kind } = left
  await cluster.apply({ apiVersion, kind, metadata, spec: { selector: { matchLabels: labels }, template } })
  deployed.inventory = [...deployed.inventory, left]
  // While there is to be a Deployment, what is left of another goes only when that is ready.
  deployed.settings = { kubernetes_disabled_components: ['deployment'] }
  await assertNamed(right('get'), 1, trial)
  await assertNamed(right('delete'), 1, trial)
  await deployed.apply()
  assert.equal(await cluster.kubectl('get', 'replicasets', '--output=name'), '')
  deployed.settings = { kubernetes_disabled_components: [] }
  await deployed.apply()
  return ['list', 'get', 'delete'].map(right)
}
