import { setTimeout as wait } from 'node:timers/promises'
import { desiredProcess, type LocalListen } from '#controllers/desired/local-process.ts'
import { LocalAdapter, type LocalAdapterOptions } from '#controllers/local/local-adapter.ts'
import { plan } from '#controllers/plan/plan.ts'
import type { CoreClient } from '#schema/client/request.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { Fleet, type FleetOutpost } from './fleet.ts'
import { WorkQueue } from './work-queue.ts'

const EVERY_MS = 3_000
const BACKOFF = { firstMs: 1_000, capMs: 60_000 }
const AT_A_TIME = 8

export interface LocalLoopOptions extends Omit<LocalAdapterOptions, 'tokenOf'> {
  readonly core: CoreClient
  readonly coreUrl: URL
  readonly listen: LocalListen
  readonly log: Logger
  /** What is wanted has been read. */
  readonly read?: (outposts: readonly FleetOutpost[]) => void
}

/**
 * Keeps the outposts of this machine running as the core wants them, until the signal aborts; then ends them. Each
 * round reads everything and asks for what differs, per outpost: one that fails does not stop the others.
 */
export async function runLocalLoop(options: LocalLoopOptions, signal: AbortSignal): Promise<void> {
  const { core, coreUrl, listen, log, random, read } = options
  const fleet = new Fleet(core)
  let wanted = new Map<string, FleetOutpost>()
  const adapter = new LocalAdapter({ ...options, tokenOf: (key) => fleet.tokenOf(wanted.get(key)) })
  const steps = () =>
    plan(
      [...wanted.values()].map((each) => desiredProcess(each, coreUrl, listen)),
      adapter.actual(),
    )
  const queue = new WorkQueue({
    backoff: BACKOFF,
    concurrency: AT_A_TIME,
    random,
    signal,
    async work(key) {
      const step = steps().find((each) => each.key === key)
      if (step === undefined) return
      log.info('a step of the plan is applied', { step: step.kind, outpost: wanted.get(key)?.name ?? key })
      await adapter.apply(step)
    },
    failed: (key, cause, againAfterMs) =>
      log.warning('an outpost could not be reconciled; what runs stays', {
        outpost: wanted.get(key)?.name ?? key,
        again_after_ms: againAfterMs,
        cause,
      }),
  })
  let isTroubled = false
  while (!signal.aborted) {
    try {
      const outposts = await fleet.onThisMachine()
      wanted = new Map(outposts.map((each) => [each.pk, each]))
      isTroubled = false
      read?.(outposts)
      for (const { key } of steps()) queue.request(key, { now: false })
    } catch (cause) {
      if (!isTroubled) log.warning('the outposts of this machine could not be read; what runs stays', { cause })
      isTroubled = true
    }
    await wait(EVERY_MS, undefined, { signal }).catch(() => {})
  }
  await queue.idle()
  await adapter.stop()
}
