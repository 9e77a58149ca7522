import { credentialsOf } from '#controllers/kubernetes/credentials.ts'
import { KubernetesTarget } from '#controllers/kubernetes/kubernetes-target.ts'
import type { Deployment, Target } from '#controllers/target/target.ts'
import { imageOf } from '#schema/deployment/image.ts'
import { rbacObjects } from '#schema/deployment/manifest/rbac-manifest.ts'
import { uuidHex } from '#schema/deployment/names.ts'
import type { DeployableOutpost } from '#schema/deployment/outpost.ts'
import type { InventoryItem, ObjectStatus } from '#schema/deployment/status.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import type { Kubernetes } from './engines/kubernetes.ts'
import type { AuditEntry, KubernetesUser } from './engines/kubernetes-files.ts'
import { until } from './engines/process.ts'

export const TOKEN = 'outpost-token-of-a-test-0123456789'
const CONTEXT = { version: '2023.8.3', imageTemplate: 'registry.example.com/%(type)s:%(version)s' }
const never = new AbortController().signal

/** A clock that only moves when it is told to. */
export function handClock() {
  let now = Date.UTC(2026, 0, 1)
  return { now: () => now, advance: (ms: number) => void (now += ms) }
}

/** The cluster as a target, with the rights of a user. */
export function targetOf(cluster: Kubernetes, user: KubernetesUser = 'admin', clock = handClock()): KubernetesTarget {
  const kubeconfig = JSON.parse(cluster.kubeconfig(user))
  const credentials = credentialsOf({ pk: user, local: false, verifySsl: true, kubeconfig })
  return new KubernetesTarget({ credentials, clock, random: Math.random, log: silentLogger })
}

interface Role {
  readonly metadata: { readonly name: string }
  readonly rules: readonly { apiGroups: readonly string[]; resources: readonly string[]; verbs: readonly string[] }[]
}
/** What we tell people to give a controller, in the namespace `default`; its Lease is no part of a deployment. */
export const CONTROLLER_ROLE = rbacObjects({ namespace: 'default', clusterWide: false }).find(
  ({ kind }) => kind === 'Role',
) as object as Role

/** Gives these rights to the user `controller`. */
export async function grantToController(cluster: Kubernetes): Promise<void> {
  await cluster.apply(CONTROLLER_ROLE)
  const role = `--role=${CONTROLLER_ROLE.metadata.name}`
  await cluster.kubectl('create', 'rolebinding', 'controller', role, '--user=controller')
}

/** Resolves when the user `controller` may, or may not, do this in the namespace `default`. */
export async function untilAllowed(
  cluster: Kubernetes,
  right: { readonly verb: string; readonly group: string; readonly resource: string },
  allowed: boolean,
): Promise<void> {
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  const body = { spec: { resourceAttributes: { ...right, namespace: 'default' } } }
  await until('the rights', async () => {
    const answer = await cluster.call('controller', path, { method: 'POST', body })
    return answer.body.status.allowed === allowed
  })
}

export type Statuses = Readonly<Record<string, string>>

/** One outpost's deployment on a target, with what a controller keeps of it between passes. */
export class Deployed {
  outpost: DeployableOutpost
  inventory: readonly InventoryItem[] = []
  objects: readonly ObjectStatus[] = []
  readonly target: Target

  constructor(target: Target, outpost: DeployableOutpost) {
    this.target = target
    this.outpost = outpost
  }

  get deployment(): Deployment {
    const { outpost, inventory, objects: before } = this
    const context = CONTEXT
    return { outpost, context, image: imageOf(outpost, context), secrets: { token: TOKEN }, inventory, before }
  }

  /** One pass; how each component is then: `ready Applied`. */
  async apply(signal: AbortSignal = never): Promise<Statuses> {
    const known = new Set(this.inventory.map((item) => JSON.stringify([item.kind, item.namespace, item.name])))
    const items = await this.target.items(this.deployment, signal)
    const added = items.filter((item) => !known.has(JSON.stringify([item.kind, item.namespace, item.name])))
    this.inventory = [...this.inventory, ...added]
    const { objects, inventory } = await this.target.apply(this.deployment, signal)
    this.inventory = inventory
    this.objects = objects
    return this.statuses
  }

  get statuses(): Statuses {
    return Object.fromEntries(this.objects.map((each) => [each.component, `${each.condition} ${each.reason}`]))
  }

  messageOf(component: string): string {
    return this.objects.find((each) => each.component === component)?.message ?? ''
  }

  async plan(): Promise<Readonly<Record<string, string>>> {
    const steps = await this.target.plan(this.deployment, never)
    return Object.fromEntries(steps.map(({ component, action, detail }) => [component, [action, ...detail].join(' ')]))
  }

  async remove(): Promise<void> {
    this.inventory = await this.target.remove(this.outpost.pk, this.inventory, never)
  }

  set settings(more: Partial<DeployableOutpost['settings']>) {
    this.outpost = { ...this.outpost, settings: { ...this.outpost.settings, ...more } }
  }
}

/** Requests by which a user changed something, dry runs left out: `patch deployments`. */
export function writesOf(cluster: Kubernetes, user: KubernetesUser, from = 0): readonly string[] {
  return cluster
    .auditLog()
    .slice(from)
    .filter(isWrite(user))
    .map(({ verb, resource }) => `${verb} ${resource}`)
}

export const isWrite =
  (by: string) =>
  ({ verb, user, uri }: AuditEntry) =>
    user === by && !['get', 'list', 'watch'].includes(verb) && !uri.includes('dryRun=')

/** The audit log tells of a request a moment after its answer: resolves when it tells of all until now. */
export async function auditedUntilNow(cluster: Kubernetes): Promise<number> {
  const mark = `/api/v1/namespaces/default/configmaps/mark-${crypto.randomUUID()}`
  await cluster.call('kubelet', mark)
  await until('the audit log', async () => cluster.auditLog().some(({ uri }) => uri === mark))
  return cluster.auditLog().length
}

const NODE = 'node-of-the-tests'

/** What a node and its kubelet would say of the pods of an outpost: that all are placed and ready. */
export async function makePodsReady(
  cluster: Kubernetes,
  {
    pk,
    settings,
  }: { readonly pk: string; readonly settings: Pick<DeployableOutpost['settings'], 'kubernetes_namespace'> },
): Promise<void> {
  const post = (path: string, body: object) => cluster.call('admin', path, { method: 'POST', body })
  const pods = `/api/v1/namespaces/${settings.kubernetes_namespace}/pods`
  const { body } = await cluster.call('admin', `${pods}?labelSelector=goauthentik.io/outpost-uuid=${uuidHex(pk)}`)
  const conditions = ['Ready', 'ContainersReady'].map((type) => ({ type, status: 'True' }))
  if (body.items.length > 0) await post('/api/v1/nodes', { metadata: { name: NODE }, spec: { unschedulable: true } })
  for (const [index, { metadata, spec }] of body.items.entries()) {
    const target = { apiVersion: 'v1', kind: 'Node', name: NODE }
    if (spec.nodeName === undefined) await post(`${pods}/${metadata.name}/binding`, { metadata, target })
    await cluster.call('admin', `${pods}/${metadata.name}/status`, {
      method: 'PATCH',
      contentType: 'application/strategic-merge-patch+json',
      body: { status: { phase: 'Running', conditions, podIP: `10.1.0.${index + 1}` } },
    })
  }
}

/** Passes until the Deployment is at work, its pods being said to be ready. */
export async function applyUntilReady(cluster: Kubernetes, deployed: Deployed): Promise<void> {
  await until(`a ready deployment (${deployed.statuses['deployment']})`, async () => {
    const statuses = await deployed.apply()
    await makePodsReady(cluster, deployed.outpost)
    return Object.values(statuses).every((status) => /^(?:ready|skipped)/.test(status))
  })
}

/** A webhook for Services that takes no dry runs, and that nobody answers; for those with these labels only, if given. */
export const webhookWithoutDryRuns = (matchLabels: Readonly<Record<string, string>> = {}): object => ({
  apiVersion: 'admissionregistration.k8s.io/v1beta1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'no-dry-runs' },
  webhooks: [
    {
      name: 'no-dry-runs.example.com',
      clientConfig: { url: 'https://127.0.0.1:1/' },
      failurePolicy: 'Ignore',
      sideEffects: 'Some',
      objectSelector: { matchLabels },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['services'] }],
    },
  ],
})
