import { z } from 'zod'
import type { Clock } from '#schema/kernel/clock.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { ClusterCaller } from './cluster-caller.ts'
import type { ClusterConnection } from './cluster-connection.ts'
import { Discovery, type ServedKind } from './discovery.ts'
import { FIELD_MANAGER, type LiveObject, liveObject } from './plan/live-object.ts'

/** Where an object is; without a name, all of a namespace. */
export interface Place {
  readonly namespace?: string | undefined
  readonly name?: string
}

export type SentObject = JsonObject & { readonly metadata: JsonObject & Place }

/** Labels and owners are enough to know an object by; secrets stay where they are. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json'
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json'
/** The server ends a watch after this time; what is silent for longer is dead. */
const WATCH_S = 300
const SILENT_MS = (WATCH_S + 30) * 1000

const versionShape = z.object({ gitVersion: z.string() })
const listShape = z.object({
  metadata: z.looseObject({ continue: z.string().default('') }).prefault({}),
  items: z.array(liveObject),
})
const watchEvent = z.object({
  type: z.string(),
  object: z.looseObject({
    /** Of an `ERROR`: an HTTP status. */
    code: z.number().optional(),
    metadata: z
      .looseObject({ labels: z.record(z.string(), z.string()).default({}), resourceVersion: z.string().default('') })
      .prefault({}),
  }),
})
export type WatchEvent = z.infer<typeof watchEvent>

/**
 * The calls to an API server that a deployment takes. Objects go over the wire as they are: what a newer cluster or
 * somebody's patch knows is not lost on the way. What the cluster refuses is a ClusterRefusedError.
 */
export class ClusterApi {
  readonly discovery: Discovery
  readonly #caller: ClusterCaller

  constructor(connection: ClusterConnection, clock: Clock) {
    this.#caller = new ClusterCaller(connection)
    const read = (path: string, signal: AbortSignal) =>
      this.#caller.find({ verb: 'get', resource: path, method: 'GET', path }, signal)
    this.discovery = new Discovery(read, clock)
  }

  async version(signal: AbortSignal): Promise<string> {
    const path = '/version'
    const body = await this.#caller.ask({ verb: 'get', resource: path, method: 'GET', path }, signal)
    return versionShape.safeParse(body).data?.gitVersion ?? 'unknown'
  }

  /** Undefined when it is not there. */
  async get(
    kind: ServedKind,
    place: Place,
    signal: AbortSignal,
    { isWhole = true } = {},
  ): Promise<LiveObject | undefined> {
    const asked = { ...about('GET', 'get', kind, place), ...(isWhole ? {} : { accept: METADATA_ONLY }) }
    const body = await this.#caller.find(asked, signal)
    return body === undefined ? undefined : liveObject.parse(body)
  }

  /** Those that match the label selector, a few hundred at most: only their metadata, unless they are wanted whole. */
  async list(
    kind: ServedKind,
    { namespace, labelSelector, isWhole = false }: { namespace: string; labelSelector: string; isWhole?: boolean },
    signal: AbortSignal,
  ): Promise<readonly LiveObject[]> {
    const query = { labelSelector, limit: '500' }
    const asked = { ...about('GET', 'list', kind, { namespace }), query, ...(isWhole ? {} : { accept: METADATA_LIST }) }
    return listShape.parse(await this.#caller.ask(asked, signal)).items
  }

  /** All of them with everything they say, of a namespace or, without one, of the cluster. */
  async listWhole(
    kind: ServedKind,
    namespace: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly LiveObject[]> {
    const all: LiveObject[] = []
    for (let from = ''; ; ) {
      const query = { limit: '500', ...(from === '' ? {} : { continue: from }) }
      const page = listShape.parse(
        await this.#caller.ask({ ...about('GET', 'list', kind, { namespace }), query }, signal),
      )
      all.push(...page.items)
      from = page.metadata.continue
      if (from === '') return all
    }
  }

  /** Server-side apply: makes the object, or changes it where it differs. A `uid` in it must be that of the live one. */
  async apply(kind: ServedKind, object: SentObject, mode: 'for real' | 'dry run', signal: AbortSignal) {
    const query = { fieldManager: FIELD_MANAGER, force: 'true', fieldValidation: 'Strict' }
    const asked = {
      ...about('PATCH', object.metadata['uid'] === undefined ? 'create or patch' : 'patch', kind, object.metadata),
      query: mode === 'dry run' ? { ...query, dryRun: 'All' } : query,
      contentType: 'application/apply-patch+yaml',
      body: object,
    }
    return liveObject.parse(await this.#caller.ask(asked, signal))
  }

  /** Operations of RFC 6902 on the object itself, or on its subresource `status`. */
  async patch(
    kind: ServedKind,
    place: Place & { readonly subresource?: 'status' },
    operations: readonly object[],
    signal: AbortSignal,
  ): Promise<LiveObject> {
    const contentType = 'application/json-patch+json'
    const asked = { ...about('PATCH', 'patch', kind, place), query: MANAGED, contentType, body: operations }
    return liveObject.parse(await this.#caller.ask(asked, signal))
  }

  /** Makes an object that must not be there yet. */
  async create(kind: ServedKind, object: SentObject, signal: AbortSignal): Promise<LiveObject> {
    const { namespace } = object.metadata
    const asked = { ...about('POST', 'create', kind, { namespace }), query: MANAGED, body: object }
    return liveObject.parse(await this.#caller.ask(asked, signal))
  }

  /** Puts an object in the place of the one with the same `resourceVersion`. */
  async replace(kind: ServedKind, object: SentObject, signal: AbortSignal): Promise<LiveObject> {
    const asked = { ...about('PUT', 'update', kind, object.metadata), query: MANAGED, body: object }
    return liveObject.parse(await this.#caller.ask(asked, signal))
  }

  /** Deletes exactly this object; what it owns goes too, or is left behind. True when it is gone at once. */
  async delete(kind: ServedKind, { metadata }: LiveObject, owned: 'Background' | 'Orphan', signal: AbortSignal) {
    const preconditions = { uid: metadata.uid }
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions, propagationPolicy: owned }
    const left = await this.#caller.find({ ...about('DELETE', 'delete', kind, metadata), body }, signal)
    // Answered is with a Status, or with the object as it was; what has finalizers stays for a while.
    return (liveObject.safeParse(left).data?.metadata.finalizers ?? []).length === 0
  }

  /** What happens to the labelled objects of a kind after a version (else: what is there, first); metadata only. */
  async *changes(
    kind: ServedKind,
    { namespace, labelSelector, from }: { namespace: string | undefined; labelSelector: string; from: string },
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    const query = { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: String(WATCH_S), labelSelector }
    const asked = {
      ...about('GET', 'watch', kind, { namespace }),
      query: from === '' ? query : { ...query, resourceVersion: from },
      accept: METADATA_ONLY,
    }
    for await (const line of this.#caller.follow(asked, SILENT_MS, signal)) {
      const event = watchEvent.safeParse(line).data
      if (event !== undefined) yield event
    }
  }
}

const MANAGED = { fieldManager: FIELD_MANAGER }

function about<M extends string>(
  method: M,
  verb: string,
  kind: ServedKind,
  { namespace, name, subresource }: Place & { readonly subresource?: string },
) {
  const below = subresource === undefined ? '' : `/${subresource}`
  return { method, verb, resource: kind.resource + below, namespace, path: kind.path(namespace, name) + below }
}
