import { z } from 'zod'
import { MartelloError } from '#schema/kernel/errors.ts'

const statusShape = z.object({
  reason: z.string().default(''),
  message: z.string().default(''),
  details: z
    .looseObject({
      kind: z.string().default(''),
      name: z.string().default(''),
      causes: z.array(z.looseObject({ reason: z.string().default(''), field: z.string().default('') })).default([]),
    })
    .default({ kind: '', name: '', causes: [] }),
})
const nothing = statusShape.parse({})

/** What was asked for, in RBAC's words. */
export interface Asked {
  readonly verb: string
  /** `deployments.apps`; of the core group `secrets`. */
  readonly resource: string
  readonly namespace?: string | undefined
}

type Details = z.infer<typeof statusShape>['details']

const fieldsOf = ({ causes }: Details) => [...new Set(causes.map(({ field }) => field).filter((field) => field !== ''))]

/** The API server said no. `detail` has our own words only; what it said is in `serverMessage`, and may show values. */
export class ClusterRefusedError extends MartelloError {
  override readonly code = 'MRT_CLUSTER_REFUSED'
  readonly status: number
  /** One CamelCase word, such as `Forbidden` or `Invalid`. */
  readonly reason: string
  readonly serverMessage: string
  /** The fields that the server names. */
  readonly fields: readonly string[]
  readonly causes: readonly string[]
  /** The kind that the answer is about, in the plural; empty when it knows none. */
  readonly about: string
  readonly asked: Asked
  /** What is there is not what was read: reading again helps. Another object of the name is told by its uid alone. */
  readonly isConflict: boolean

  constructor(status: number, body: unknown, asked: Asked) {
    const { reason, message, details } = statusShape.safeParse(body).data ?? nothing
    const where = asked.namespace === undefined ? '' : ` in namespace ${asked.namespace}`
    const isConflict = status === 409 || fieldsOf(details).includes('metadata.uid')
    super(`${asked.verb} ${asked.resource}${where}: the cluster answered ${status} ${reason}`.trimEnd(), {
      retryable: isConflict || status === 429 || status >= 500,
    })
    this.status = status
    this.reason = reason === '' ? `Status${status}` : reason
    this.serverMessage = message
    this.fields = fieldsOf(details)
    this.isConflict = isConflict
    this.causes = details.causes.map((cause) => cause.reason)
    this.about = details.kind
    this.asked = asked
  }
}
