import { z } from 'zod'

/**
 * How long a controller may work on the service connections that it has claimed after it has said so, in ms: another may
 * have them from then on. Measured from before it asked.
 */
export const CLAIM_MS = 15_000

/** Which service connections a controller wants to serve, all of them: others that it had it lets go of. */
export const connectionClaim = z.object({
  /** Of this controller and no other; whoever knows it speaks for it. */
  controller: z.string().min(16).max(128),
  /** Shown to people, such as the name of its machine. */
  name: z.string().min(1).max(253),
  connections: z.array(z.uuid()).max(10_000),
})
export type ConnectionClaim = z.infer<typeof connectionClaim>

/** What a controller is told: those that it serves, and which others serve which. */
export const connectionClaims = z.object({
  held: z.array(z.uuid()),
  others: z.array(z.object({ connection: z.uuid(), name: z.string() })),
})
export type ConnectionClaims = z.infer<typeof connectionClaims>
