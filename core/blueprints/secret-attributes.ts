import { eq } from 'drizzle-orm'
import type { CoreContext } from '#core/context.ts'
import { hashPassword } from '#core/crypto/passwords.ts'
import { users } from '#core/store/tables/users.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'

type Writer = (ctx: CoreContext, key: unknown, value: string) => Promise<void>

/** Attributes that a blueprint may set and the API's fields do not have, because they are never stored as they are. */
const WRITERS: ReadonlyMap<string, Readonly<Record<string, Writer>>> = new Map([
  [
    'authentik_core.user',
    {
      async password(ctx: CoreContext, key: unknown, value: string) {
        const password = value === '' ? null : await hashPassword(value)
        await ctx.db
          .update(users)
          .set({ password, passwordChangeDate: new Date(ctx.clock.now()) })
          .where(eq(users.id, Number(key)))
      },
    },
  ],
])

/** An entry's attributes, those apart that are secrets of their own kind. */
export function splitSecrets(model: string, attributes: JsonObject): { plain: JsonObject; secrets: JsonObject } {
  const writers = WRITERS.get(model) ?? {}
  const entries = Object.entries(attributes)
  return {
    plain: Object.fromEntries(entries.filter(([name]) => !(name in writers))),
    secrets: Object.fromEntries(entries.filter(([name]) => name in writers)),
  }
}

/** Writes them, in the transaction of the context's database. */
export async function writeSecrets(ctx: CoreContext, model: string, key: unknown, secrets: JsonObject): Promise<void> {
  for (const [name, value] of Object.entries(secrets))
    if (typeof value === 'string') await WRITERS.get(model)?.[name]?.(ctx, key, value)
}
