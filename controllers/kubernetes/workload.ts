import { z } from 'zod'
import { OWNER_LABEL } from '#schema/deployment/kubernetes/labels.ts'
import type { InventoryItem } from '#schema/deployment/status.ts'
import type { ClusterApi } from './api.ts'
import { podTrouble } from './plan/health.ts'
import { itemOf } from './plan/inventory.ts'
import type { LiveObject } from './plan/live-object.ts'
import type { Verdict } from './plan/outcome.ts'

const selecting = (owner: string) => `${OWNER_LABEL}=${owner}`

/** The ReplicaSets of a Deployment, by which its pods run on without it. */
export async function replicaSetsOf(
  api: ClusterApi,
  { metadata }: LiveObject,
  signal: AbortSignal,
): Promise<readonly InventoryItem[]> {
  const { namespace = '', labels, uid } = metadata
  const served = await api.discovery.find('apps/v1', 'ReplicaSet', signal)
  if (served === undefined) return []
  const sets = await api.list(served, { namespace, labelSelector: selecting(labels[OWNER_LABEL]!) }, signal)
  return sets
    .filter((set) => set.metadata.ownerReferences.some((owner) => owner.uid === uid))
    .map((set) => itemOf({ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: set.metadata }))
}

/** Why a Deployment that is on its way may never arrive: its pods know. */
export async function troubleOf(
  api: ClusterApi,
  { metadata }: LiveObject,
  signal: AbortSignal,
): Promise<Verdict | undefined> {
  const { namespace = '', labels } = metadata
  const served = await api.discovery.find('v1', 'Pod', signal)
  if (served === undefined) return undefined
  const at = { namespace, labelSelector: selecting(labels[OWNER_LABEL]!), isWhole: true }
  return podTrouble(await api.list(served, at, signal))
}

const ingressShape = z.looseObject({
  spec: z
    .looseObject({
      ingressClassName: z.string().default(''),
      tls: z.array(z.looseObject({ secretName: z.string().default('') })).default([]),
    })
    .prefault({}),
})
type Remark = Omit<Verdict, 'condition'>

/** The class that an Ingress names and the cluster does not have, so that nobody serves it. */
export async function missingClass(
  api: ClusterApi,
  live: LiveObject,
  signal: AbortSignal,
): Promise<Remark | undefined> {
  const { ingressClassName: name } = ingressShape.parse(live).spec
  const classes = await api.discovery.find('networking.k8s.io/v1', 'IngressClass', signal)
  if (name === '' || classes === undefined) return undefined
  if ((await api.get(classes, { name }, signal, { isWhole: false })) !== undefined) return undefined
  return { reason: 'IngressClassMissing', message: `the IngressClass ${name} that it names is not there` }
}

/** The Secret with the certificate that an Ingress names and nobody has made, unless cert-manager is to make it. */
export async function missingCertificate(
  api: ClusterApi,
  live: LiveObject,
  signal: AbortSignal,
): Promise<Remark | undefined> {
  const { annotations, namespace } = live.metadata
  if (Object.keys(annotations).some((name) => name.startsWith('cert-manager.io/'))) return undefined
  const secrets = await api.discovery.find('v1', 'Secret', signal)
  const names = new Set(ingressShape.parse(live).spec.tls.map(({ secretName }) => secretName))
  for (const name of names)
    if (secrets && name !== '' && !(await api.get(secrets, { namespace, name }, signal, { isWhole: false })))
      return { reason: 'CertificateMissing', message: `the Secret ${name} that its TLS names is not there` }
  return undefined
}
