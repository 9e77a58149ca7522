import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { ClusterApi } from '#controllers/kubernetes/api.ts'
import type { ServedKind } from '#controllers/kubernetes/discovery.ts'
import { conditionsAfter } from '#schema/custom-resources/conditions.ts'
import { API_VERSION, FINALIZER, type KindName } from '#schema/custom-resources/kinds.ts'
import { type CustomObject, customObject } from './custom-object.ts'
import type { Outcome } from './outcome.ts'

const secretShape = z.object({
  metadata: z.looseObject({ uid: z.string(), resourceVersion: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
})

/** A value of a Secret, and what tells whether it is another one. */
export interface SecretValue {
  readonly value: string
  readonly version: string
}

/** Custom resources in a cluster: reads them, and writes what is ours of them, their status and our finalizer. */
export class ClusterResources {
  readonly #api: ClusterApi

  constructor(api: ClusterApi) {
    this.#api = api
  }

  /** Undefined when the cluster does not know the kind. */
  served(kind: KindName, signal: AbortSignal): Promise<ServedKind | undefined> {
    return this.#api.discovery.find(API_VERSION, kind, signal)
  }

  /** Of a namespace, or of all; rejects when that is not allowed. */
  async list(kind: ServedKind, namespace: string | undefined, signal: AbortSignal): Promise<CustomObject[]> {
    return (await this.#api.listWhole(kind, namespace, signal)).map((raw) => customObject.parse(raw))
  }

  /** Undefined when the Secret or its key is not there. */
  async secret(
    namespace: string,
    { name, key }: { readonly name: string; readonly key: string },
    signal: AbortSignal,
  ): Promise<SecretValue | undefined> {
    const kind = await this.#api.discovery.find('v1', 'Secret', signal)
    const raw = kind === undefined ? undefined : await this.#api.get(kind, { namespace, name }, signal)
    const secret = secretShape.safeParse(raw).data
    const encoded = secret !== undefined && Object.hasOwn(secret.data, key) ? secret.data[key] : undefined
    if (secret === undefined || encoded === undefined) return undefined
    const version = createHash('sha256').update(`${secret.metadata.uid}/${secret.metadata.resourceVersion}/${key}`)
    return { value: Buffer.from(encoded, 'base64').toString('utf8'), version: version.digest('hex') }
  }

  /** Rejects when it has to be written, or confirmed, and has changed or gone since it was read. */
  async addFinalizer(
    kind: ServedKind,
    object: CustomObject,
    { confirms }: { readonly confirms: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const { finalizers } = object.metadata
    const all = [...new Set([...finalizers, FINALIZER])]
    if (confirms || all.length > finalizers.length) await this.#setFinalizers(kind, object, all, signal)
  }

  async removeFinalizer(kind: ServedKind, object: CustomObject, signal: AbortSignal): Promise<void> {
    const { finalizers } = object.metadata
    if (!finalizers.includes(FINALIZER)) return
    const others = finalizers.filter((each) => each !== FINALIZER)
    await this.#setFinalizers(kind, object, others, signal)
  }

  /** Writes nothing when the status says so already. */
  async tell(
    kind: ServedKind,
    object: CustomObject,
    outcome: Outcome,
    now: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { generation, ...place } = object.metadata
    const { ready, synced, ...rest } = outcome
    const conditions = conditionsAfter(object.status.conditions, { Ready: ready, Synced: synced }, { now, generation })
    const status = { conditions, observedGeneration: generation, ...rest }
    if (isDeepStrictEqual(JSON.parse(JSON.stringify(status)), object.status)) return
    const { namespace, name } = place
    const operations = [{ op: 'add', path: '/status', value: status }]
    await this.#api.patch(kind, { namespace, name, subresource: 'status' }, operations, signal)
  }

  /** Only if nobody has written in between. */
  async #setFinalizers(kind: ServedKind, { metadata }: CustomObject, value: readonly string[], signal: AbortSignal) {
    const { namespace, name, resourceVersion } = metadata
    const operations = [
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'add', path: '/metadata/finalizers', value },
    ]
    await this.#api.patch(kind, { namespace, name }, operations, signal)
  }
}
