import { COMPONENTS, type Component, type KubernetesObject } from '#schema/deployment/desired-object.ts'
import { uuidHex } from '#schema/deployment/names.ts'
import type { DeployableOutpost } from '#schema/deployment/outpost.ts'
import type { RejectedPatch } from '#schema/deployment/patch/patch-objects.ts'
import { ClusterRefusedError } from './cluster-refused-error.ts'
import type { ObjectPlanner } from './object-planner.ts'
import { isVerdict, refusedOutcome, sharesCause } from './plan/refusal.ts'
import { type WantedObjects, withPatches } from './wanted-objects.ts'

export interface PatchTrialOptions {
  readonly planner: ObjectPlanner
  readonly outpost: DeployableOutpost
  readonly signal: AbortSignal
}

/** One object of a component with patches, and what the cluster says of it. */
interface Refused {
  readonly component: Component
  /** Its place among the objects of the component. */
  readonly place: number
  readonly refusal: ClusterRefusedError
}

/**
 * Tries by dry runs what the administrator's patches ask for, before anything is written: a patch is taken for all objects
 * of its component or for none. What the cluster has taken before is not tried again.
 */
export class PatchTrial {
  readonly #planner: ObjectPlanner
  readonly #outpost: DeployableOutpost
  readonly #signal: AbortSignal

  constructor({ planner, outpost, signal }: PatchTrialOptions) {
    this.#planner = planner
    this.#outpost = outpost
    this.#signal = signal
  }

  /** The same without the components whose patch is to blame for a refusal; what is refused anyway stays. */
  async tryOut(wanted: WantedObjects): Promise<WantedObjects> {
    const refused: RejectedPatch[] = []
    let acceptable = wanted
    for (const component of COMPONENTS) {
      const rejected = await this.#rejected(component, acceptable)
      if (rejected === undefined) continue
      refused.push(rejected)
      acceptable = withPatches(wanted.desired, this.#patches, refused)
    }
    return acceptable
  }

  get #patches() {
    return this.#outpost.settings.kubernetes_json_patches ?? {}
  }

  #operations(component: Component): readonly Record<string, unknown>[] {
    return Object.hasOwn(this.#patches, component) ? this.#patches[component]! : []
  }

  async #rejected(component: Component, wanted: WantedObjects): Promise<RejectedPatch | undefined> {
    if (this.#operations(component).length === 0) return undefined
    for (const [place, object] of objectsOf(component, wanted).entries()) {
      const refusal = await this.#refusal(object)
      const index = refusal && (await this.#blamed({ component, place, refusal }, wanted))
      if (refusal && index !== undefined) return { component, index, reason: refusedOutcome(refusal, object).message }
    }
    return undefined
  }

  /**
   * Which operation a refusal is for, undefined when it is for none: the first after those that the cluster takes without
   * the rest, but that what it breaks may be put right again by a later one, and is then not what the refusal names.
   */
  async #blamed({ component, place, refusal }: Refused, { desired }: WantedObjects): Promise<number | undefined> {
    const operations = this.#operations(component)
    let blamed = operations.length - 1
    for (let length = operations.length - 1; length >= 0; length--) {
      const patches = { ...this.#patches, [component]: operations.slice(0, length) }
      const object = objectsOf(component, withPatches(desired, patches))[place]
      // Operations may fit an object only together with later ones.
      if (object === undefined) continue
      const earlier = await this.#refusal(object)
      if (earlier === undefined) return blamed
      if (sharesCause(refusal, earlier)) blamed = length - 1
    }
    return undefined
  }

  /** Undefined also for a refusal that says nothing of the object, such as one for lack of rights. */
  async #refusal(object: KubernetesObject): Promise<ClusterRefusedError | undefined> {
    if (this.#planner.isAccepted(object)) return undefined
    try {
      await this.#planner.plan(object, { owner: uuidHex(this.#outpost.pk), isThorough: true }, this.#signal)
      return undefined
    } catch (error) {
      if (!(error instanceof ClusterRefusedError)) throw error
      return isVerdict(error) ? error : undefined
    }
  }
}

const objectsOf = (component: Component, { objects }: WantedObjects) =>
  objects.filter((each) => each.component === component).map(({ object }) => object)
