import { keepSince } from '#controllers/target/keep-since.ts'
import type { Applied, Deployment, PlannedStep, Target } from '#controllers/target/target.ts'
import { uuidHex } from '#schema/deployment/names.ts'
import type { ConnectionState, InventoryItem } from '#schema/deployment/status.ts'
import type { Clock, Random } from '#schema/kernel/clock.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { ClusterApi } from './api.ts'
import { applyDeployment, staleOf } from './apply-deployment.ts'
import { ClusterConnection } from './cluster-connection.ts'
import type { Credentials } from './credentials.ts'
import { ObjectPlanner } from './object-planner.ts'
import { ObjectReconciler } from './object-reconciler.ts'
import { ObjectRemover } from './object-remover.ts'
import { PatchTrial } from './patch-trial.ts'
import { itemOf } from './plan/inventory.ts'
import { deletionOf } from './plan/report.ts'
import { planSteps } from './plan-steps.ts'
import { Settled } from './settled.ts'
import { discoverWantedObjects, type WantedObjects } from './wanted-objects.ts'
import { Watches } from './watches.ts'

export interface KubernetesTargetOptions {
  readonly credentials: Credentials
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** A cluster that outposts are deployed to. */
export class KubernetesTarget implements Target {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #connection: ClusterConnection
  readonly #api: ClusterApi
  readonly #planner: ObjectPlanner
  readonly #reconciler: ObjectReconciler
  readonly #remover: ObjectRemover
  readonly #watches: Watches

  constructor({ credentials, clock, random, log }: KubernetesTargetOptions) {
    this.#clock = clock
    this.#log = log
    this.#connection = new ClusterConnection(credentials)
    this.#api = new ClusterApi(this.#connection, clock)
    const api = this.#api
    const settled = new Settled()
    this.#planner = new ObjectPlanner(api, settled)
    this.#reconciler = new ObjectReconciler({ api, planner: this.#planner, settled })
    this.#remover = new ObjectRemover(api, settled)
    this.#watches = new Watches({ api, random, log })
  }

  async probe(signal: AbortSignal): Promise<ConnectionState> {
    try {
      return { healthy: true, version: await this.#api.version(signal), reason: '' }
    } catch (error) {
      if (!(error instanceof MartelloError)) throw error
      return { healthy: false, version: '', reason: error.detail }
    }
  }

  async items(deployment: Deployment, signal: AbortSignal): Promise<readonly InventoryItem[]> {
    const { discovery } = this.#api
    const wanted = await discoverWantedObjects(deployment, discovery, signal)
    const objects = wanted.objects.map((each) => each.object)
    return objects.filter(({ apiVersion, kind }) => discovery.known(apiVersion, kind) !== null).map(itemOf)
  }

  async plan(deployment: Deployment, signal: AbortSignal): Promise<readonly PlannedStep[]> {
    const wanted = await this.#acceptable(deployment, signal)
    const steps = await planSteps(wanted, { planner: this.#planner, owner: uuidHex(deployment.outpost.pk) }, signal)
    return [...steps, ...staleOf(wanted, deployment.inventory).map(deletionOf)]
  }

  async apply(deployment: Deployment, signal: AbortSignal): Promise<Applied> {
    const wanted = await this.#acceptable(deployment, signal)
    const appliers = { reconciler: this.#reconciler, remover: this.#remover }
    const { reports, inventory } = await applyDeployment(wanted, deployment, appliers, signal)
    for (const { apiVersion, kind, namespace } of inventory) {
      const served = this.#api.discovery.known(apiVersion, kind)
      if (served && namespace !== undefined) this.#watches.include(served, namespace)
    }
    return { objects: keepSince(reports, deployment.before, this.#clock), inventory }
  }

  /** What is wanted, but for components whose patch the cluster refuses. */
  async #acceptable(deployment: Deployment, signal: AbortSignal): Promise<WantedObjects> {
    const wanted = await discoverWantedObjects(deployment, this.#api.discovery, signal)
    return new PatchTrial({ planner: this.#planner, outpost: deployment.outpost, signal }).tryOut(wanted)
  }

  async remove(
    outpost: string,
    inventory: readonly InventoryItem[],
    signal: AbortSignal,
  ): Promise<readonly InventoryItem[]> {
    const left = await this.#remover.remove(inventory, uuidHex(outpost), signal)
    for (const { item, outcome } of left)
      this.#log.warning('an object of a deployment is still there', {
        outpost,
        kind: item.kind,
        name: item.name,
        reason: outcome.reason,
        message: outcome.message,
      })
    return left.map(({ item }) => item)
  }

  watch(changed: (outpost: string) => void): Disposable {
    return this.#watches.listen(changed)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watches[Symbol.dispose]()
    await this.#connection[Symbol.asyncDispose]()
  }
}
