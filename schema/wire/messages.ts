import { z } from 'zod'

/** Messages of `/ws/outpost/<uuid>/`: 0–4 are the reference dialect, 100 and above are Martello's (sheet outpost-protocol §3, §9). */
export const Instruction = {
  Ack: 0,
  Hello: 1,
  TriggerUpdate: 2,
  ProviderSpecific: 3,
  SessionEnd: 4,
  /** Core → outpost with capability `revocation`: standing access that has ended. */
  Revoke: 100,
  /** Outpost → core with capability `applied`: what this instance now enforces. */
  Applied: 101,
} as const

/** Why a link is closed (RFC 6455 §7.4; 4000 and above are ours). */
export const CloseCode = {
  /** Outpost → core: this process ends. */
  stopping: 1000,
  malformed: 1007,
  policyViolation: 1008,
  internalError: 1011,
  /** Core → outpost: this replica ends, others may be there. */
  goingAway: 1012,
  /** Core → outpost: the token is not valid for this outpost any more. */
  unauthorized: 4401,
  /** Core → outpost: the outpost was deleted. */
  gone: 4404,
} as const

/** Text that a database takes. */
const label = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => text.isWellFormed() && !text.includes('\0'))

export const helloArgs = z.object({
  version: label(128).default(''),
  buildHash: label(128).default(''),
  uuid: label(128).optional(),
  hostname: label(256).default(''),
  capabilities: z.array(label(64)).max(32).default([]),
  /** Highest configuration revision and revocation sequence that this instance enforces. */
  revision: z.number().int().nonnegative().default(0),
  sequence: z.number().int().nonnegative().default(0),
})
export type HelloArgs = z.infer<typeof helloArgs>

export const change = z.object({ model: z.string(), pk: z.string(), action: z.enum(['created', 'updated', 'deleted']) })
export type WireChange = z.infer<typeof change>

/** `args` of TriggerUpdate for an outpost with capability `revision`; `changes` absent means "refetch everything". */
export const triggerUpdateArgs = z.object({
  revision: z.number().int().nonnegative().optional(),
  changes: z.array(change).optional(),
})
export type TriggerUpdateArgs = z.infer<typeof triggerUpdateArgs>

/** Access issued to this user (or session) at or before `at` (milliseconds since the epoch) is void. */
export const revocation = z.object({
  sequence: z.number().int().positive(),
  kind: z.enum(['user', 'session']),
  user: z.object({ pk: z.number().int(), uid: z.string(), username: z.string() }),
  session: z.string().optional(),
  reason: z.string(),
  at: z.number(),
})
export type Revocation = z.infer<typeof revocation>

export const revokeArgs = z.object({ revocations: z.array(revocation).max(1000) })

export const appliedArgs = z.object({
  revision: z.number().int().nonnegative().optional(),
  sequence: z.number().int().nonnegative().optional(),
})

/** `args` of SessionEnd (2026.2): SHA-256 hex of the core session key; id tokens carry it as claim `sid`. */
export const sessionEndArgs = z.object({ session_id: z.string() })
