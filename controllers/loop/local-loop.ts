import { setTimeout as wait } from 'node:timers/promises'
import { desiredProcess, type LocalListen } from '#controllers/desired/local-process.ts'
import { LocalAdapter, type LocalAdapterOptions } from '#controllers/local/local-adapter.ts'
import { plan } from '#controllers/plan/plan.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { Fleet, type FleetOutpost } from './fleet.ts'

const EVERY_MS = 3_000

export interface LocalLoopOptions extends Omit<LocalAdapterOptions, 'tokenOf'> {
  readonly core: CoreClient
  readonly coreUrl: URL
  readonly listen: LocalListen
  readonly log: Logger
  /** What is wanted has been read, and every step towards it was taken. */
  readonly reconciled?: (outposts: readonly FleetOutpost[]) => void
}

/**
 * Keeps the outposts of this machine running as the core wants them, until the signal aborts; then ends them. Each
 * round reads everything and does what differs; one outpost that fails does not stop the others.
 */
export async function runLocalLoop(options: LocalLoopOptions, signal: AbortSignal): Promise<void> {
  const { core, coreUrl, listen, log, reconciled } = options
  const fleet = new Fleet(core)
  let outposts: readonly FleetOutpost[] = []
  const adapter = new LocalAdapter({
    ...options,
    async tokenOf(key) {
      const outpost = outposts.find((each) => each.pk === key)
      if (outpost === undefined) throw new CoreUnreachableError('the outpost is not known any more')
      return fleet.tokenOf(outpost)
    },
  })
  let isTroubled = false
  while (!signal.aborted) {
    try {
      outposts = await fleet.onThisMachine()
      for (const step of plan(
        outposts.map((outpost) => desiredProcess(outpost, coreUrl, listen)),
        adapter.actual(),
      )) {
        log.info('a step of the plan is applied', {
          step: step.kind,
          outpost: step.kind === 'delete' ? step.key : step.desired.name,
        })
        await adapter.apply(step)
      }
      isTroubled = false
      reconciled?.(outposts)
    } catch (cause) {
      if (!isTroubled) log.warning('the outposts of this machine could not be reconciled; what runs stays', { cause })
      isTroubled = true
    }
    await wait(EVERY_MS, undefined, { signal }).catch(() => {})
  }
  await adapter.stop()
}
