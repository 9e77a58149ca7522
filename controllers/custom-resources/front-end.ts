import { setTimeout as wait } from 'node:timers/promises'
import type { ClusterApi } from '#controllers/kubernetes/api.ts'
import type { ServedKind } from '#controllers/kubernetes/discovery.ts'
import { followChanges } from '#controllers/kubernetes/follow-changes.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { CUSTOM_KINDS, type CustomKind, type KindName } from '#schema/custom-resources/kinds.ts'
import type { Lookup } from '#schema/custom-resources/wanted.ts'
import type { Clock, Random } from '#schema/kernel/clock.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { ClusterResources } from './cluster-resources.ts'
import { CoreObjects } from './core-objects.ts'
import { type CustomObject, ownerOf } from './custom-object.ts'
import { bothSay, type Outcome } from './outcome.ts'
import { outpostReadiness } from './readiness.ts'
import { reconcileResource } from './reconcile-resource.ts'

/** Changes in the core are noticed after this time; those in the cluster are heard of. */
const ROUND_MS = 5_000
/** Several changes at once are one round. */
const GATHER_MS = 100

export interface FrontEndOptions {
  readonly core: CoreClient
  readonly api: ClusterApi
  /** Where custom resources count; undefined for everywhere. */
  readonly namespaces: readonly string[] | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Custom resources as a way into the core: what they say is brought there, and how far that is told in their status. */
export class CustomResourceFrontEnd {
  readonly #options: FrontEndOptions
  readonly #core: CoreObjects
  readonly #cluster: ClusterResources
  readonly #followed = new Set<KindName>()
  #heard = Promise.withResolvers<void>()
  #trouble = ''

  constructor(options: FrontEndOptions) {
    this.#options = options
    this.#core = new CoreObjects(options.core)
    this.#cluster = new ClusterResources(options.api)
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#heard = Promise.withResolvers()
      await this.#round(signal).then(
        () => this.#is(''),
        (cause) => this.#is(cause instanceof MartelloError ? cause.detail : String(cause), cause),
      )
      const woken = new AbortController()
      void this.#heard.promise.then(() => woken.abort())
      await wait(ROUND_MS, undefined, { signal: AbortSignal.any([signal, woken.signal]) }).catch(() => {})
      await wait(GATHER_MS, undefined, { signal }).catch(() => {})
    }
  }

  #is(trouble: string, cause?: unknown): void {
    const { log } = this.#options
    if (trouble !== '' && trouble !== this.#trouble) log.warning('custom resources cannot be reconciled', { cause })
    if (trouble === '' && this.#trouble !== '') log.info('custom resources are reconciled again')
    this.#trouble = trouble
  }

  /** What cannot be listed holds up nothing else; it is what the round rejects with. */
  async #round(signal: AbortSignal): Promise<void> {
    const { all, trouble } = await this.#list(signal)
    if ([...all.values()].some(({ objects }) => objects.length > 0)) await this.#bring(all, signal)
    if (trouble !== undefined) throw trouble
  }

  async #bring(all: All, signal: AbortSignal): Promise<void> {
    try {
      await this.#core.refresh()
    } catch (cause) {
      await this.#tellUnknown(all, signal)
      throw cause
    }
    const kinds = [...all]
    // What goes, goes before what it refers to.
    for (const [custom, { kind, objects }] of [...kinds].reverse())
      for (const object of objects.filter(isGoing)) await this.#one(custom, kind, object, all, signal)
    for (const [custom, { kind, objects }] of kinds)
      for (const object of objects.filter((each) => !isGoing(each))) await this.#one(custom, kind, object, all, signal)
  }

  /** Without the core nobody knows how things are: an older success is not shown any more. */
  async #tellUnknown(all: All, signal: AbortSignal): Promise<void> {
    for (const { kind, objects } of all.values())
      for (const object of objects) {
        const { conditions: _, observedGeneration: __, ...known } = object.status
        await this.#cluster.tell(kind, object, { ...known, ...UNREACHABLE }, this.#options.clock.now(), signal)
      }
  }

  async #list(signal: AbortSignal): Promise<{ readonly all: All; readonly trouble: unknown }> {
    const { namespaces = [undefined], log } = this.#options
    let trouble: unknown
    const all = new Map<CustomKind, { kind: ServedKind; objects: readonly CustomObject[] }>()
    for (const custom of CUSTOM_KINDS) {
      const kind = await this.#cluster.served(custom.kind, signal)
      if (kind === undefined) {
        log.debug('the cluster does not know a kind; "martello manifests crds" prints what it needs', {
          kind: custom.kind,
        })
        continue
      }
      this.#follow(custom, kind, signal)
      const objects: CustomObject[] = []
      for (const namespace of namespaces)
        await this.#cluster.list(kind, namespace, signal).then(
          (found) => void objects.push(...found),
          (cause) => void (trouble ??= cause),
        )
      all.set(custom, { kind, objects })
    }
    return { all, trouble }
  }

  async #one(custom: CustomKind, kind: ServedKind, object: CustomObject, all: All, signal: AbortSignal): Promise<void> {
    const { log, clock } = this.#options
    const { namespace, name } = object.metadata
    try {
      const lookup = this.#lookup(all, namespace)
      const surroundings = { core: this.#core, cluster: this.#cluster }
      const outcome = await reconcileResource({ custom, kind, object, lookup }, surroundings, signal)
      if (outcome === undefined) return
      await this.#cluster.tell(kind, object, await this.#withReadiness(custom, object, outcome), clock.now(), signal)
    } catch (cause) {
      if (signal.aborted) return
      // Of the next round; one that cannot be brought holds up no other.
      log.warning('a custom resource could not be reconciled', { kind: custom.kind, namespace, name, cause })
    }
  }

  /** An outpost is ready when it serves. */
  async #withReadiness(custom: CustomKind, object: CustomObject, outcome: Outcome): Promise<Outcome> {
    const ownership = this.#core.ownershipOf(ownerOf(object))
    const live = ownership === undefined ? undefined : this.#core.listed(ownership)
    if (custom.kind !== 'Outpost' || live === undefined || outcome.ready.status !== 'True') return outcome
    const pk = String(live['pk'])
    const [record, health] = await Promise.all([
      this.#core.read(`/outposts/deployments/${pk}/`).catch(() => undefined),
      this.#core.read(`/outposts/instances/${pk}/health/`),
    ])
    return { ...outcome, ...outpostReadiness(live, record, health) }
  }

  #lookup(all: All, namespace: string): Lookup {
    return {
      named: (objects, name) => this.#core.named(objects, name),
      resource: ({ kind, name }) => {
        for (const [custom, { objects }] of all) {
          if (custom.kind !== kind) continue
          const other = objects.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
          const ownership = other && !isGoing(other) ? this.#core.ownershipOf(ownerOf(other)) : undefined
          return ownership && this.#core.listed(ownership)?.['pk']
        }
        return undefined
      },
    }
  }

  #follow({ kind: name }: CustomKind, kind: ServedKind, signal: AbortSignal): void {
    if (this.#followed.has(name)) return
    this.#followed.add(name)
    for (const namespace of this.#options.namespaces ?? [undefined])
      void followChanges(this.#options, { kind, namespace, labelSelector: '' }, () => this.#heard.resolve(), signal)
  }
}

const UNREACHABLE = bothSay({ status: 'Unknown', reason: 'CoreUnreachable', message: 'The core cannot be read.' })

type All = ReadonlyMap<CustomKind, { readonly kind: ServedKind; readonly objects: readonly CustomObject[] }>

const isGoing = ({ metadata }: CustomObject): boolean => metadata.deletionTimestamp !== undefined
