import type { DesiredContainer } from '#schema/deployment/docker/desired-container.ts'
import { NEXT, PREVIOUS } from '#schema/deployment/names.ts'
import type { Containers } from './containers.ts'
import { DockerRefusedError } from './docker-refused-error.ts'
import { isUp, type LiveContainer } from './plan/live-container.ts'

/**
 * Puts a container in the place of others. Everything that can fail beforehand is done beforehand; the others only stop
 * and change their names, and run again if the new one cannot even be started.
 */
export class Replacement {
  readonly #containers: Containers
  readonly #desired: DesiredContainer
  readonly #signal: AbortSignal
  /** What was being done, as a reason. */
  failedAt = 'Refused'
  /** Whether one that ran before runs again, because the new one could not be started. */
  hasTakenBack = false

  constructor(containers: Containers, desired: DesiredContainer, signal: AbortSignal) {
    this.#containers = containers
    this.#desired = desired
    this.#signal = signal
  }

  async make(owned: readonly LiveContainer[]): Promise<void> {
    const { image, name } = this.#desired
    this.failedAt = 'ImagePullFailed'
    if ((await this.#containers.imageId(image, this.#signal)) === undefined)
      await this.#containers.pull(image, this.#signal)
    this.failedAt = 'NetworkMissing'
    await this.#requireNetworks()
    this.failedAt = 'CreateFailed'
    for (const { id, name: taken } of owned) if (taken === name + NEXT) await this.#containers.remove(id, this.#signal)
    const next = await this.#containers.create(this.#desired, name + NEXT, this.#signal)
    const others = owned.filter((each) => each.name !== name + NEXT)
    this.failedAt = 'ReplaceFailed'
    for (const { id, status } of others) if (status !== 'exited') await this.#containers.stop(id, this.#signal)
    await this.#makeRoom(others)
    await this.#containers.rename(next, name, this.#signal)
    this.failedAt = 'StartFailed'
    try {
      await this.#containers.start(next, this.#signal)
    } catch (error) {
      await this.#takeBack(next, others)
      throw error
    }
  }

  /** Lets a container run that is there already; others that are up are in its way. */
  async start({ id, status }: LiveContainer, others: readonly LiveContainer[]): Promise<void> {
    this.failedAt = 'StartFailed'
    if (status === 'paused') return this.#containers.unpause(id, this.#signal)
    for (const each of others.filter(isUp)) await this.#containers.stop(each.id, this.#signal)
    await this.#containers.start(id, this.#signal)
  }

  /** The one from before takes its place again. */
  async undo(failed: LiveContainer, to: LiveContainer): Promise<void> {
    this.failedAt = 'RollBackFailed'
    await this.#containers.remove(failed.id, this.#signal)
    await this.#containers.rename(to.id, this.#desired.name, this.#signal)
    await this.#containers.start(to.id, this.#signal)
  }

  async #requireNetworks(): Promise<void> {
    const { body, networks } = this.#desired
    const { NetworkMode: first } = body['HostConfig'] as { NetworkMode?: string }
    const missing = await this.#containers.missingNetwork(
      [...(first === undefined ? [] : [first]), ...networks],
      this.#signal,
    )
    if (missing !== undefined) throw new DockerRefusedError('network', 404, `there is no network "${missing}"`)
  }

  /** The container with the wanted name gets another one; an older one that has that is gone for good. */
  async #makeRoom(others: readonly LiveContainer[]): Promise<void> {
    const { name } = this.#desired
    const named = others.find((each) => each.name === name)
    if (named === undefined) return
    const older = others.find((each) => each.name === name + PREVIOUS)
    if (older !== undefined) await this.#containers.remove(older.id, this.#signal)
    await this.#containers.rename(named.id, name + PREVIOUS, this.#signal)
  }

  async #takeBack(next: string, others: readonly LiveContainer[]): Promise<void> {
    await this.#containers.remove(next, this.#signal)
    const last = others.toSorted((a, b) => b.startedAt - a.startedAt)[0]
    if (last === undefined) return
    if (last.name === this.#desired.name) await this.#containers.rename(last.id, last.name, this.#signal)
    if (last.status !== 'running') return
    await this.#containers.start(last.id, this.#signal)
    this.hasTakenBack = true
  }
}
