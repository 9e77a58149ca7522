import type { KubernetesObject } from '#schema/deployment/desired-object.ts'
import { OWNER_LABEL } from '#schema/deployment/kubernetes/labels.ts'
import { changedPointers } from '#schema/kernel/json-pointer.ts'
import type { ClusterApi } from './api.ts'
import { ClusterRefusedError } from './cluster-refused-error.ts'
import type { ServedKind } from './discovery.ts'
import { type LiveObject, substanceOf } from './plan/live-object.ts'
import { NOT_OURS, notServed, type Outcome, TERMINATING } from './plan/outcome.ts'
import { ownershipPatch } from './plan/ownership.ts'
import { isVerdict, replacement } from './plan/refusal.ts'
import type { Settled } from './settled.ts'

/** What it takes to bring one object to where it should be. */
export type Step =
  | { readonly kind: 'leave'; readonly outcome: Outcome }
  | { readonly kind: 'nothing'; readonly live: LiveObject }
  | { readonly kind: 'create'; readonly served: ServedKind }
  | {
      readonly kind: 'apply'
      readonly served: ServedKind
      readonly live: LiveObject
      /** JSON pointers; empty when nobody was asked what would change. */
      readonly changed: readonly string[]
    }
  | {
      readonly kind: 'replace'
      readonly served: ServedKind
      readonly live: LiveObject
      readonly owned: 'Background' | 'Orphan'
      readonly refusal: ClusterRefusedError
    }

/** Of reading and asking, while others write in between. */
const LOOKS = 5
const MANAGED_FIELDS = '/metadata/managedFields'

interface Look {
  readonly step: Step
  /** Somebody has written between the look and the question. */
  readonly isOvertaken: boolean
}
const seen = (step: Step): Look => ({ step, isOvertaken: false })

export interface PlanOptions {
  /** 32 hex digits. */
  readonly owner: string
  /** Asks the server what would change even where it is clear that something would. */
  readonly isThorough: boolean
}

/**
 * Decides about one object by what is there. Whether an object is as wanted is the server's to say, by a dry run: it alone
 * knows its defaults, how it writes a quantity, what admission adds, and whose field is whose. It is asked only when
 * something has changed since its last answer.
 */
export class ObjectPlanner {
  readonly #api: ClusterApi
  readonly #settled: Settled

  constructor(api: ClusterApi, settled: Settled) {
    this.#api = api
    this.#settled = settled
  }

  /** Whether the server has taken exactly this before; nobody is asked. */
  isAccepted(wanted: KubernetesObject): boolean {
    const served = this.#api.discovery.known(wanted.apiVersion, wanted.kind)
    return !!served && this.#settled.isAccepted(served.path(wanted.metadata.namespace, wanted.metadata.name), wanted)
  }

  async plan(wanted: KubernetesObject, options: PlanOptions, signal: AbortSignal): Promise<Step> {
    let found = await this.#look(wanted, options, signal)
    // The server has answered for what somebody has made of the object since: that is no difference to what is wanted.
    for (let looks = 1; found.isOvertaken && looks < LOOKS; looks++) found = await this.#look(wanted, options, signal)
    return found.step
  }

  async #look(wanted: KubernetesObject, { owner, isThorough }: PlanOptions, signal: AbortSignal): Promise<Look> {
    const served = await this.#api.discovery.find(wanted.apiVersion, wanted.kind, signal)
    if (served === undefined) return seen({ kind: 'leave', outcome: notServed(wanted.apiVersion, wanted.kind) })
    const live = await this.#api.get(served, wanted.metadata, signal)
    if (live === undefined) {
      if (isThorough) await this.#api.apply(served, wanted, 'dry run', signal)
      return seen({ kind: 'create', served })
    }
    if (live.metadata.labels[OWNER_LABEL] !== owner) return seen({ kind: 'leave', outcome: NOT_OURS })
    if (live.metadata.deletionTimestamp !== undefined) return seen({ kind: 'leave', outcome: { ...TERMINATING, live } })
    const path = served.path(wanted.metadata.namespace, wanted.metadata.name)
    if (this.#settled.isSettled(path, wanted, live)) return seen({ kind: 'nothing', live })
    const isClear = ownershipPatch(live, wanted) !== undefined || this.#settled.isNewWish(path, wanted)
    if (isClear && !isThorough) return seen({ kind: 'apply', served, live, changed: [] })
    return this.#ask(wanted, { served, live, path, isThorough }, signal)
  }

  async #ask(
    wanted: KubernetesObject,
    { served, live, path, isThorough }: { served: ServedKind; live: LiveObject; path: string; isThorough: boolean },
    signal: AbortSignal,
  ): Promise<Look> {
    let answer: LiveObject
    try {
      answer = await this.#api.apply(served, boundTo(live, wanted), 'dry run', signal)
    } catch (error) {
      if (!(error instanceof ClusterRefusedError)) throw error
      // Some admission webhooks take no dry runs; whether it is that is seen by applying.
      if (error.status === 400 && !isThorough) return seen({ kind: 'apply', served, live, changed: [] })
      return seen(await this.#afterRefusal(error, wanted, { served, live, isThorough }, signal))
    }
    const changed = changedPointers(substanceOf(live), substanceOf(answer)).map((pointer) =>
      pointer.startsWith('/owned') ? MANAGED_FIELDS : pointer,
    )
    if (changed.length > 0) {
      // A dry run gives an object no version of its own.
      const isOvertaken = answer.metadata.resourceVersion !== live.metadata.resourceVersion
      return { step: { kind: 'apply', served, live, changed: [...new Set(changed)] }, isOvertaken }
    }
    this.#settled.settle(path, wanted, live)
    return seen({ kind: 'nothing', live })
  }

  /** A refusal may be of what is there and not of what is wanted; rejects with it when that is not so. */
  async #afterRefusal(
    refusal: ClusterRefusedError,
    wanted: KubernetesObject,
    { served, live, isThorough }: { served: ServedKind; live: LiveObject; isThorough: boolean },
    signal: AbortSignal,
  ): Promise<Step> {
    // A dry run cannot take what stands in the way first, as applying does.
    const isInTheWay =
      isVerdict(refusal) && replacement(refusal, wanted) === undefined && ownershipPatch(live, wanted) !== undefined
    const step: Step = isInTheWay
      ? { kind: 'apply', served, live, changed: [MANAGED_FIELDS] }
      : replaceStep(refusal, wanted, { served, live })
    if (isThorough) await this.requireAcceptable(served, wanted, signal)
    return step
  }

  /** Rejects when the object could not be made if there were none: that is tried under another name. */
  async requireAcceptable(served: ServedKind, wanted: KubernetesObject, signal: AbortSignal): Promise<void> {
    const name = `${wanted.metadata.name.slice(0, 56)}-trial`
    await this.#api.apply(served, { ...wanted, metadata: { ...wanted.metadata, name } }, 'dry run', signal)
  }
}

/** The object as it is sent when it is there already: to that one and no other of its name. */
export function boundTo({ metadata: { uid } }: LiveObject, wanted: KubernetesObject) {
  return { ...wanted, metadata: { ...wanted.metadata, uid } }
}

/** How to go on after a refusal; rejects with it when the object cannot be replaced. */
export function replaceStep(
  refusal: ClusterRefusedError,
  wanted: KubernetesObject,
  { served, live }: { served: ServedKind; live: LiveObject },
): Step {
  const owned = replacement(refusal, wanted)
  if (owned === undefined) throw refusal
  return { kind: 'replace', served, live, owned, refusal }
}
