import { z } from 'zod'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'

export interface LeaseTiming {
  /** How long a Lease stays taken without a sign of life. */
  readonly durationMs: number
  /** The holder ends its work when it could not renew for so long. */
  readonly renewWithinMs: number
  readonly retryMs: number
}

const leaseShape = z.looseObject({
  spec: z.looseObject({ holderIdentity: z.string().default(''), leaseTransitions: z.number().default(0) }).prefault({}),
})
export type LeaseSpec = z.infer<typeof leaseShape>['spec']

/** What a Lease says; of one that is not there, that nobody holds it. */
export function leaseSpecOf(live: object | undefined): LeaseSpec {
  return leaseShape.parse(live ?? {}).spec
}

/** The Lease with a sign of life of its holder, new or not. */
export function renewedSpec(
  before: LeaseSpec,
  { identity, timing, now }: { identity: string; timing: LeaseTiming; now: number },
): JsonObject {
  const isMine = before.holderIdentity === identity
  // MicroTime has six digits.
  const renewTime = new Date(now).toISOString().replace('Z', '000Z')
  return {
    ...before,
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(timing.durationMs / 1000),
    leaseTransitions: before.leaseTransitions + (isMine ? 0 : 1),
    ...(isMine ? {} : { acquireTime: renewTime }),
    renewTime,
  }
}
