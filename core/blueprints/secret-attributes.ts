import { eq } from 'drizzle-orm'
import type { CoreContext } from '#core/context.ts'
import { hashPassword, verifyPassword } from '#core/crypto/passwords.ts'
import { endAccessOf } from '#core/sessions/end-access.ts'
import { users } from '#core/store/tables/users.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { BlueprintError } from './blueprint-error.ts'

/** The object that a secret is written to; a new one has opened nothing yet. */
export interface SecretOwner {
  readonly model: string
  readonly key: unknown
  readonly isNew: boolean
}

type Writer = (ctx: CoreContext, owner: SecretOwner, value: string) => Promise<void>

/** Attributes that a blueprint may set and the API's fields do not have, because they are never stored as they are. */
const WRITERS: ReadonlyMap<string, Readonly<Record<string, Writer>>> = new Map([
  ['authentik_core.user', { password: writePassword }],
])

/** An entry's attributes, those apart that are secrets of their own kind. */
export function splitSecrets(model: string, attributes: JsonObject): { plain: JsonObject; secrets: JsonObject } {
  const writers = WRITERS.get(model) ?? {}
  const entries = Object.entries(attributes)
  return {
    plain: Object.fromEntries(entries.filter(([name]) => !Object.hasOwn(writers, name))),
    secrets: Object.fromEntries(entries.filter(([name]) => Object.hasOwn(writers, name))),
  }
}

/** Writes those that differ from what is stored, in the transaction of the context's database. */
export async function writeSecrets(ctx: CoreContext, owner: SecretOwner, secrets: JsonObject): Promise<void> {
  for (const [name, value] of Object.entries(secrets)) {
    if (typeof value !== 'string') throw new BlueprintError(`${name}: Not a valid string.`)
    await WRITERS.get(owner.model)?.[name]?.(ctx, owner, value)
  }
}

/** An empty password is none. What another one has opened ends with it, as with a change by the API. */
async function writePassword(ctx: CoreContext, { key, isNew }: SecretOwner, value: string): Promise<void> {
  const [user] = await ctx.db
    .select()
    .from(users)
    .where(eq(users.id, Number(key)))
  if (user === undefined) return
  const isSame = value === '' ? user.password === null : !isNew && (await verifyPassword(value, user.password))
  if (isSame) return
  const password = value === '' ? null : await hashPassword(value)
  await ctx.db
    .update(users)
    .set({ password, passwordChangeDate: new Date(ctx.clock.now()) })
    .where(eq(users.id, user.id))
  if (isNew) return
  const { id: pk, username, email } = user
  await ctx.events.record({ action: 'password_set', app: 'authentik.core', user: { pk, username, email } }, ctx.db)
  await endAccessOf(ctx, ctx.db, user, { reason: 'password-changed' })
}
