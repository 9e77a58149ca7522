import { setTimeout as wait } from 'node:timers/promises'
import { TargetUnreachableError } from '#controllers/target/target-error.ts'
import type { DesiredContainer } from '#schema/deployment/docker/desired-container.ts'
import { NEXT, PREVIOUS } from '#schema/deployment/names.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import type { Containers } from './containers.ts'
import { DockerRefusedError } from './docker-refused-error.ts'
import { isUp, type LiveContainer } from './plan/live-container.ts'
import { judge, servedLast } from './plan/next-step.ts'

/** Within this what ran before has to run again; it is less than what a controller that is told to end is given. */
const TAKE_BACK_MS = 9_000
const TRY_AGAIN_MS = 500

export interface ReplacementOptions {
  readonly containers: Containers
  readonly desired: DesiredContainer
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Puts a container in the place of others. Everything that can fail beforehand is done beforehand, names included, so
 * that nothing serves only between two calls: the others stop, the new one starts. What fails or is interrupted in
 * between lets the one from before run again.
 */
export class Replacement {
  readonly #options: ReplacementOptions
  /** What was being done, as a reason. */
  failedAt = 'Refused'
  /** Whether one that was stopped runs again, because the new one could not be started. */
  hasTakenBack = false
  #hasStopped = false

  constructor(options: ReplacementOptions) {
    this.#options = options
  }

  async make(owned: readonly LiveContainer[]): Promise<void> {
    const { containers, desired, signal } = this.#options
    const { image, name } = desired
    this.failedAt = 'NameTaken'
    await this.#requireNames(owned)
    this.failedAt = 'ImagePullFailed'
    if ((await containers.imageId(image, signal)) === undefined) await containers.pull(image, signal)
    this.failedAt = 'NetworkMissing'
    await this.#requireNetworks()
    this.failedAt = 'CreateFailed'
    for (const { id, name: taken } of owned) if (taken === name + NEXT) await containers.remove(id, signal)
    const next = await containers.create(desired, name + NEXT, signal)
    const others = owned.filter((each) => each.name !== name + NEXT)
    const keeper = this.#keeperOf(others)
    await this.#orTakeBack(next, keeper, async () => {
      this.failedAt = 'ReplaceFailed'
      await this.#makeRoom(others, keeper)
      await containers.rename(next, name, signal)
      await this.#stopAll(others)
      this.failedAt = 'StartFailed'
      await containers.start(next, signal)
    })
  }

  /** Lets a container run that is there already. */
  async start(container: LiveContainer, others: readonly LiveContainer[]): Promise<void> {
    const { containers, signal } = this.#options
    const rivals = others.filter(isUp)
    this.failedAt = 'StartFailed'
    if (container.status === 'paused') return containers.unpause(container.id, signal)
    if (rivals.length === 0) return containers.start(container.id, signal)
    await this.#orTakeBack(container.id, servedLast(rivals), async () => {
      await this.#stopAll(rivals)
      await containers.start(container.id, signal)
    })
  }

  /** The one from before takes its place again, whatever the signal says meanwhile. */
  async undo(failed: LiveContainer, to: LiveContainer): Promise<void> {
    const { containers, signal } = this.#options
    this.failedAt = 'RollBackFailed'
    // Whatever comes of asking it to end, it is made to afterwards.
    await containers.stop(failed.id, signal).catch(() => {})
    await this.#takeBack(failed.id, to)
  }

  /** The names that are used meanwhile must be free, or our own. */
  async #requireNames(owned: readonly LiveContainer[]): Promise<void> {
    const { containers, desired, signal } = this.#options
    for (const name of [desired.name + PREVIOUS, desired.name + NEXT]) {
      const holder = await containers.find(name, signal)
      if (holder !== undefined && !owned.some(({ id }) => id === holder.id))
        throw new DockerRefusedError('name', 409, `somebody else's container has the name "${name}"`)
    }
  }

  async #requireNetworks(): Promise<void> {
    const { containers, desired, signal } = this.#options
    const { NetworkMode: first } = desired.body['HostConfig'] as { NetworkMode?: string }
    const wanted = [...(first === undefined ? [] : [first]), ...desired.networks]
    const missing = await containers.missingNetwork(wanted, signal)
    if (missing !== undefined) throw new DockerRefusedError('network', 404, `there is no network "${missing}"`)
  }

  /** The one to return to: what has the name, unless it has yet to prove itself and there is one from before. */
  #keeperOf(others: readonly LiveContainer[]): LiveContainer | undefined {
    const { clock, desired } = this.#options
    const named = others.find(({ name }) => name === desired.name)
    const isProven = named !== undefined && judge(named, clock.now()) === 'healthy'
    return isProven ? named : (servedLast(others.filter(({ id }) => id !== named?.id)) ?? servedLast(others))
  }

  /** Frees the wanted name: the keeper gets another one, and what else has either is gone for good. */
  async #makeRoom(others: readonly LiveContainer[], keeper: LiveContainer | undefined): Promise<void> {
    const { containers, desired, signal } = this.#options
    const { name } = desired
    const inTheWay = others.filter((each) => each.name === name || each.name === name + PREVIOUS)
    for (const { id } of inTheWay) if (id !== keeper?.id) await containers.remove(id, signal)
    if (keeper?.name === name) await containers.rename(keeper.id, name + PREVIOUS, signal)
  }

  async #stopAll(others: readonly LiveContainer[]): Promise<void> {
    const { containers, signal } = this.#options
    for (const { id } of others.filter(isUp)) {
      signal.throwIfAborted()
      this.#hasStopped = true
      await containers.stop(id, signal)
    }
  }

  async #orTakeBack(next: string, keeper: LiveContainer | undefined, act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      // What went wrong first is what is told; what cannot be mended now is left to the next attempt.
      await this.#takeBack(next, keeper).catch(() => {})
      throw error
    }
  }

  /** With a signal of its own, and again if a connection is lost: no controller may work here for long afterwards. */
  async #takeBack(next: string, keeper: LiveContainer | undefined): Promise<void> {
    const signal = AbortSignal.timeout(TAKE_BACK_MS)
    for (;;) {
      try {
        return await this.#restore(next, keeper, signal)
      } catch (error) {
        if (!(error instanceof TargetUnreachableError) || signal.aborted) throw error
        await wait(TRY_AGAIN_MS)
      }
    }
  }

  /** From whatever is there: how far the calls before came is not known. */
  async #restore(next: string, keeper: LiveContainer | undefined, signal: AbortSignal): Promise<void> {
    const { containers, desired } = this.#options
    await containers.discard(next, signal)
    const live = keeper && (await containers.find(keeper.id, signal))
    if (live === undefined) return
    if (!isUp(live)) await containers.start(live.id, signal)
    // It may be about to end.
    else if (this.#hasStopped) await containers.restart(live.id, signal)
    this.hasTakenBack = this.#hasStopped
    if (live.name === desired.name + PREVIOUS) await containers.rename(live.id, desired.name, signal)
  }
}
