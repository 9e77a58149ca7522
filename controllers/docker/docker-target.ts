import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { keepSince } from '#controllers/target/keep-since.ts'
import type { Applied, Deployment, PlannedStep, Target } from '#controllers/target/target.ts'
import { type DesiredContainer, desiredContainer, OWNER_LABEL } from '#schema/deployment/docker/desired-container.ts'
import { uuidHex } from '#schema/deployment/names.ts'
import { type ConnectionState, type InventoryItem, type ObjectStatus, ROLLED_BACK } from '#schema/deployment/status.ts'
import { type Backoff, backoffMs } from '#schema/kernel/backoff.ts'
import type { Clock, Random } from '#schema/kernel/clock.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import { Containers } from './containers.ts'
import { DockerRefusedError } from './docker-refused-error.ts'
import type { EngineApi } from './engine-api.ts'
import { changedFields } from './plan/changed-fields.ts'
import { type NextStep, nextStep } from './plan/next-step.ts'
import { Replacement } from './replacement.ts'

const WATCH_AGAIN: Backoff = { firstMs: 1_000, capMs: 60_000 }
/** What could not even be started is left alone for this long. */
const TRY_AGAIN_MS = 600_000

export interface DockerTargetOptions {
  readonly api: EngineApi
  readonly clock: Clock
  readonly random: Random
}

const UNCHECKED = 'its image has no health check: that it has stayed up is all that is known'

const PLANNED: Readonly<Record<NextStep['kind'], readonly [action: PlannedStep['action'], why?: string]>> = {
  create: ['create'],
  replace: ['replace'],
  start: ['apply', 'it does not run'],
  restart: ['apply', 'it is unhealthy'],
  return: ['replace', 'it did not become healthy'],
  taken: ['skip', "somebody else's container has this name"],
  held: ['skip', 'what is wanted was tried and failed'],
  wait: ['nothing'],
  done: ['nothing'],
  failing: ['nothing'],
}

type Outcome = Pick<ObjectStatus, 'condition' | 'reason' | 'message'>
const outcome = (condition: Outcome['condition'], reason: string, message = ''): Outcome => ({
  condition,
  reason,
  message,
})

interface Taking {
  readonly desired: DesiredContainer
  readonly owner: string
  readonly signal: AbortSignal
}

interface Rejected {
  readonly spec: string
  /** A tag may come to name another image, which is worth another attempt. */
  readonly imageId: string | undefined
  readonly until: number
  /** What was said of the attempt. */
  readonly told: Outcome
}

/** Outposts as containers of one Docker daemon. */
export class DockerTarget implements Target {
  readonly #options: DockerTargetOptions
  readonly #containers: Containers
  /** What was tried last and failed, by owner: it is not tried again until something else is wanted, or for a while. */
  readonly #rejected = new Map<string, Rejected>()
  readonly #stop = new AbortController()

  constructor(options: DockerTargetOptions) {
    this.#options = options
    this.#containers = new Containers(options.api)
  }

  /** Rejects when it is told to end: that says nothing of the daemon. */
  async probe(signal: AbortSignal): Promise<ConnectionState> {
    try {
      return { healthy: true, version: await this.#options.api.version(signal), reason: '' }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof MartelloError)) throw error
      return { healthy: false, version: '', reason: error.detail }
    }
  }

  async items({ outpost, image, secrets }: Deployment): Promise<readonly InventoryItem[]> {
    return [{ apiVersion: '', kind: 'Container', name: desiredContainer(outpost, image, secrets).name }]
  }

  async plan(deployment: Deployment, signal: AbortSignal): Promise<readonly PlannedStep[]> {
    const { desired, step } = await this.#due(deployment, signal)
    const about = { component: 'container', kind: 'Container', name: desired.name }
    const [action, why] = PLANNED[step.kind]
    const reasons = why === undefined ? [] : [why]
    const detail = step.kind === 'replace' ? await this.#changed(step, desired, signal) : reasons
    const leftovers = step.kind === 'done' ? step.leftovers : []
    return [
      { ...about, action, detail, wanted: desired.specHash },
      ...leftovers.map(({ name }): PlannedStep => ({ ...about, name, action: 'delete', detail: ['it made room'] })),
    ]
  }

  /** As JSON pointers; of one that can never run again that is what there is to say. */
  async #changed(
    { container, why }: NextStep & { kind: 'replace' },
    desired: DesiredContainer,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    if (why.includes('dead')) return ['it cannot run any more']
    const image = why.includes('image') ? ['/Image'] : []
    if (!why.includes('spec')) return image
    const [shown, imageShown] = await Promise.all([
      this.#containers.inspect(container.id, signal),
      this.#containers.inspectImage(container.imageId, signal),
    ])
    return [...new Set([...image, ...changedFields(desired, shown, imageShown)])]
  }

  async apply(deployment: Deployment, signal: AbortSignal): Promise<Applied> {
    const { outpost, before } = deployment
    const { desired, step } = await this.#due(deployment, signal)
    const found = await this.#take(step, { desired, owner: uuidHex(outpost.pk), signal })
    const status = { component: 'container', kind: 'Container', name: desired.name, ...found }
    return { objects: keepSince([status], before, this.#options.clock), inventory: await this.items(deployment) }
  }

  async remove(outpost: string, _: readonly InventoryItem[], signal: AbortSignal): Promise<readonly InventoryItem[]> {
    const owner = uuidHex(outpost)
    for (const { id } of await this.#containers.ownedBy(owner, signal)) await this.#containers.remove(id, signal)
    const left = await this.#containers.ownedBy(owner, signal)
    return left.map(({ name }) => ({ apiVersion: '', kind: 'Container', name }))
  }

  watch(changed: (outpost: string) => void): Disposable {
    void this.#keepWatching(changed)
    return { [Symbol.dispose]: () => this.#stop.abort() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#options.api[Symbol.dispose]()
  }

  async #due({ outpost, image, secrets }: Deployment, signal: AbortSignal) {
    const desired = desiredContainer(outpost, image, secrets)
    const owner = uuidHex(outpost.pk)
    const [owned, named, imageId] = await Promise.all([
      this.#containers.ownedBy(owner, signal),
      this.#containers.find(desired.name, signal),
      this.#containers.imageId(image, signal),
    ])
    const now = this.#options.clock.now()
    const rejected = this.#rejected.get(owner)
    const isSameImage = imageId === undefined || imageId === rejected?.imageId
    const isStillSo = rejected !== undefined && rejected.until > now && isSameImage
    const rejectedSpec = isStillSo ? rejected.spec : undefined
    const step = nextStep({ desired, imageId, owned, named, rejectedSpec, now })
    return { desired, step }
  }

  async #take(step: NextStep, { desired, owner, signal }: Taking): Promise<Outcome> {
    const { clock } = this.#options
    const replacement = new Replacement({ containers: this.#containers, desired, clock, signal })
    try {
      return await this.#act(step, replacement, { desired, owner, signal })
    } catch (error) {
      if (!(error instanceof DockerRefusedError)) throw error
      const told = outcome('failed', replacement.failedAt, error.serverMessage || error.detail)
      // A port may become free; until then what runs is not stopped again and again.
      if (replacement.hasTakenBack) {
        const imageId = await this.#containers.imageId(desired.image, signal)
        const until = clock.now() + TRY_AGAIN_MS
        this.#rejected.set(owner, { spec: desired.specHash, imageId, until, told })
      }
      return told
    }
  }

  async #act(step: NextStep, replacement: Replacement, { desired, owner, signal }: Taking): Promise<Outcome> {
    switch (step.kind) {
      case 'create':
      case 'replace':
        await replacement.make(await this.#containers.ownedBy(owner, signal))
        return outcome('progressing', 'Starting')
      case 'start':
        await replacement.start(step.container, step.others)
        return outcome('progressing', 'Starting')
      case 'restart': {
        const words = await this.#containers.lastWords(step.container.id, signal)
        await this.#containers.restart(step.container.id, signal)
        return outcome('failed', 'Unhealthy', words)
      }
      case 'wait':
        return outcome('progressing', 'Starting')
      case 'done':
        for (const { id } of step.leftovers) await this.#containers.remove(id, signal)
        this.#rejected.delete(owner)
        return outcome('ready', 'Running', step.isChecked ? '' : UNCHECKED)
      case 'return': {
        const words = await this.#containers.lastWords(step.failed.id, signal)
        const told = outcome('rejected', ROLLED_BACK, words || 'the new container did not become healthy')
        const { imageId } = step.failed
        this.#rejected.set(owner, { spec: desired.specHash, imageId, until: Number.POSITIVE_INFINITY, told })
        await replacement.undo(step.failed, step.to)
        return told
      }
      case 'failing':
        return outcome('failed', 'Unhealthy', await this.#containers.lastWords(step.container.id, signal))
      case 'held':
        return this.#rejected.get(owner)!.told
      case 'taken':
        return outcome('rejected', 'NameTaken', "somebody else's container has this name")
      default:
        return step satisfies never
    }
  }

  /** Tells of containers that start, end or change their health; a stream that breaks is opened again. */
  async #keepWatching(changed: (outpost: string) => void): Promise<void> {
    const { api, random } = this.#options
    const { signal } = this.#stop
    const filters = JSON.stringify({ type: ['container'], label: [OWNER_LABEL] })
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        for await (const raw of api.stream({ path: '/events', query: { filters }, signal })) {
          failures = 0
          const owner = eventShape.safeParse(raw).data?.Actor.Attributes[OWNER_LABEL] ?? ''
          if (/^[0-9a-f]{32}$/.test(owner)) changed(withDashes(owner))
        }
      } catch {
        // A hint is missing: the next resync sees what it was about.
      }
      await wait(backoffMs(failures + 1, random, WATCH_AGAIN), undefined, { signal }).catch(() => {})
    }
  }
}

const eventShape = z.object({ Actor: z.object({ Attributes: z.record(z.string(), z.string()) }) })
const withDashes = (hex: string) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
