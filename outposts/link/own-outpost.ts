import { z } from 'zod'
import { ConditionalRead } from '#schema/client/conditional.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { backoffMs } from '#schema/kernel/backoff.ts'
import type { Random } from '#schema/kernel/clock.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { askAgainMs, isRefusal, type Standing, WrongOutpostError } from './standing.ts'

const BOOT_RETRY = { firstMs: 500, capMs: 15_000 }

const instancesShape = z.object({
  results: z.array(
    z.object({
      pk: z.string(),
      name: z.string(),
      type: z.string(),
      config: z.record(z.string(), z.unknown()),
      refresh_interval_s: z.number().optional(),
    }),
  ),
})
export type OutpostAnswer = z.infer<typeof instancesShape>['results'][number]

export interface BootOptions {
  readonly log: Logger
  readonly random: Random
  readonly signal: AbortSignal
  /** Rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<unknown>
}

/** The outpost object that the token belongs to. What the core answers when it is asked for it decides the standing. */
export class OwnOutpost {
  readonly #read: ConditionalRead<OutpostAnswer>
  readonly #standing: Standing
  /** Ends the wait before the next attempt. */
  #wake = new AbortController()

  constructor(core: CoreClient, type: string, standing: Standing) {
    this.#read = new ConditionalRead(core, { path: '/outposts/instances/' }, (body) => parse(body, type))
    this.#standing = standing
  }

  async now(): Promise<OutpostAnswer> {
    try {
      const outpost = await this.#read.now()
      this.#standing.accepted()
      return outpost
    } catch (cause) {
      if (isRefusal(cause)) this.#standing.refused()
      throw cause
    }
  }

  /** Asks until there is an answer; undefined when the signal aborts first. An error that waiting cannot mend is thrown. */
  async first({ log, random, signal, sleep }: BootOptions): Promise<OutpostAnswer | undefined> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        return await this.now()
      } catch (cause) {
        if (signal.aborted) break
        if (cause instanceof WrongOutpostError && !cause.retryable) throw cause
        if (attempt === 1) log.warning('waiting for the core', { cause })
        this.#wake = new AbortController()
        const ms = isRefusal(cause) ? askAgainMs(random) : backoffMs(attempt, random, BOOT_RETRY)
        await sleep(ms, AbortSignal.any([signal, this.#wake.signal])).catch(() => {})
      }
    }
    return undefined
  }

  /** The core is asked again now, if `first` is waiting to. */
  askNow(): void {
    this.#wake.abort()
  }
}

function parse(list: unknown, type: string): OutpostAnswer {
  const parsed = instancesShape.safeParse(list)
  if (!parsed.success) throw new CoreUnreachableError('the list of outposts is not what it should be', parsed.error)
  const [outpost] = parsed.data.results
  if (outpost === undefined) throw new WrongOutpostError('the token belongs to no outpost', { retryable: true })
  if (outpost.type !== type)
    throw new WrongOutpostError(`the token is for an outpost of type ${outpost.type}, this one is ${type}`)
  return outpost
}
