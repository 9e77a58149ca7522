import { z } from 'zod'

/** A text that is still there when what a header cannot carry is gone. */
const visible = z.string().regex(/[^\s\p{Cc}]/u)

/** What the core says about a user (sheet proxy-outpost §5), from an id token or an introspection. Whoever has no name is nobody. */
export const identityShape = z.object({
  sub: visible,
  sid: z.string().optional(),
  email: z.string().default(''),
  name: z.string().default(''),
  preferred_username: visible,
  groups: z.array(z.string()).default([]),
  ak_proxy: z
    .object({
      user_attributes: z.record(z.string(), z.unknown()).default({}),
      is_superuser: z.boolean().default(false),
    })
    .optional(),
})
export type Identity = z.infer<typeof identityShape>

/** Whoever a request is made by. */
export interface Visitor {
  readonly identity: Identity
  /** The token that the core issued. */
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  readonly expires: number
}
