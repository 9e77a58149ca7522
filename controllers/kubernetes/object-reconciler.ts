import type { KubernetesObject } from '#schema/deployment/desired-object.ts'
import type { InventoryItem } from '#schema/deployment/status.ts'
import type { ClusterApi } from './api.ts'
import { ClusterRefusedError } from './cluster-refused-error.ts'
import { boundTo, type ObjectPlanner, replaceStep, type Step } from './object-planner.ts'
import { healthOf } from './plan/health.ts'
import { type Outcome, TERMINATING } from './plan/outcome.ts'
import { ownershipPatch } from './plan/ownership.ts'
import { refusedOutcome } from './plan/refusal.ts'
import type { Settled } from './settled.ts'
import { missingCertificate, missingClass, replicaSetsOf, troubleOf } from './workload.ts'

/** Of reading, deciding and writing, when somebody else is faster. */
const ATTEMPTS = 3

/** One pass over one object. */
export interface Pass {
  readonly wanted: KubernetesObject
  /** 32 hex digits. */
  readonly owner: string
  readonly inventory: readonly InventoryItem[]
  readonly signal: AbortSignal
}

type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>

export interface ObjectReconcilerOptions {
  readonly api: ClusterApi
  readonly planner: ObjectPlanner
  readonly settled: Settled
}

/** Brings one object to where it should be. */
export class ObjectReconciler {
  readonly #api: ClusterApi
  readonly #planner: ObjectPlanner
  readonly #settled: Settled

  constructor({ api, planner, settled }: ObjectReconcilerOptions) {
    this.#api = api
    this.#planner = planner
    this.#settled = settled
  }

  /** What the cluster refuses is an outcome; rejects only when the cluster as a whole cannot be used. */
  async reconcile(pass: Pass): Promise<Outcome> {
    const { wanted, owner, signal } = pass
    for (let attempt = 1; ; attempt++) {
      try {
        const outcome = await this.#carryOut(
          await this.#planner.plan(wanted, { owner, isThorough: false }, signal),
          pass,
        )
        return { ...outcome, ...(await this.#closerLook(outcome, pass)) }
      } catch (error) {
        if (!(error instanceof ClusterRefusedError)) throw error
        if (error.isConflict && attempt < ATTEMPTS) continue
        if (error.status === 404) this.#api.discovery.forget(wanted.apiVersion)
        return refusedOutcome(error, wanted)
      }
    }
  }

  /** What an object does not say itself; who may not look at others is told nothing of them. */
  async #closerLook({ condition, reason, live }: Outcome, { wanted, signal }: Pass): Promise<Partial<Outcome>> {
    const isDone = wanted.kind === 'Ingress' && condition === 'ready'
    const isOnItsWay = wanted.kind === 'Deployment' && reason === 'RollingOut'
    const looks = isOnItsWay ? [troubleOf] : isDone ? [missingClass, missingCertificate] : []
    for (const look of looks) {
      const seen = await look(this.#api, live!, signal).catch((error: unknown) => {
        if (!(error instanceof ClusterRefusedError)) throw error
      })
      if (seen !== undefined) return seen
    }
    return {}
  }

  async #carryOut(step: Step, pass: Pass): Promise<Outcome> {
    switch (step.kind) {
      case 'leave':
        return step.outcome
      case 'nothing':
        return { ...healthOf(pass.wanted.kind, step.live), live: step.live }
      case 'create':
        return this.#send(step, pass.wanted, pass)
      case 'apply':
        return this.#apply(step, pass)
      case 'replace':
        return this.#replace(step, pass)
      default:
        return step satisfies never
    }
  }

  async #apply(step: StepOf<'apply'>, pass: Pass): Promise<Outcome> {
    const { served, live } = step
    const { wanted, signal } = pass
    const ownership = ownershipPatch(live, wanted)
    if (ownership !== undefined) await this.#api.patch(served, wanted.metadata, ownership, signal)
    try {
      return await this.#send(step, boundTo(live, wanted), pass)
    } catch (error) {
      if (!(error instanceof ClusterRefusedError)) throw error
      return this.#carryOut(replaceStep(error, wanted, step), pass)
    }
  }

  async #send({ served }: Pick<StepOf<'create'>, 'served'>, sent: KubernetesObject, { wanted, signal }: Pass) {
    const path = served.path(wanted.metadata.namespace, wanted.metadata.name)
    // What is refused is only tried as a dry run the next time.
    this.#settled.forget(path)
    const live = await this.#api.apply(served, sent, 'for real', signal)
    this.#settled.settle(path, wanted, live)
    return { ...healthOf(wanted.kind, live), live }
  }

  /**
   * Deletes the object, and makes it again when it is gone. What it leaves behind goes on serving; that is in the
   * inventory before, so that it is removed in the end whatever happens in between.
   */
  async #replace(step: StepOf<'replace'>, pass: Pass): Promise<Outcome> {
    const { served, live, owned } = step
    const { wanted, inventory, signal } = pass
    // Nothing is deleted whose successor would be refused.
    await this.#planner.requireAcceptable(served, wanted, signal)
    const orphans = owned === 'Orphan' ? await replicaSetsOf(this.#api, live, signal) : []
    const { message } = refusedOutcome(step.refusal, wanted)
    if (!orphans.every(({ uid }) => inventory.some((known) => known.uid === uid)))
      return { condition: 'progressing', reason: 'Replacing', message, live, orphans }
    const isGone = await this.#api.delete(served, live, owned, signal)
    return isGone && owned === 'Background' ? this.#send(step, wanted, pass) : { ...TERMINATING, live, orphans }
  }
}
