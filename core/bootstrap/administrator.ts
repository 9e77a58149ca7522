import { eq } from 'drizzle-orm'
import type { CoreContext } from '#core/context.ts'
import { hashPassword } from '#core/crypto/passwords.ts'
import { readSetting, writeSetting } from '#core/store/settings.ts'
import { groups, userGroups, users } from '#core/store/tables/users.ts'
import { createToken, randomKey } from '#core/store/tokens.ts'
import { Secret } from '#schema/kernel/secret.ts'

/** compat: the group of superusers, by the name that clients of the API know. */
export const ADMINISTRATORS = 'authentik Admins'

/** What was made at the first start, to be shown once. */
export interface FirstCredentials {
  readonly username: string
  /** Undefined when it was given, and so is known. */
  readonly password: Secret | undefined
  readonly token: Secret | undefined
}

/** Set once the first administrator was made; whatever becomes of that account, no start makes another one. */
const MADE = 'first_administrator'

/** Makes the first administrator, in a group that may do everything; undefined when there has been one already. */
export async function bootstrapAdministrator(ctx: CoreContext): Promise<FirstCredentials | undefined> {
  const { password, token, email = 'root@example.com' } = ctx.config.bootstrap
  if ((await readSetting(ctx.db, MADE)) !== undefined) return undefined
  await writeSetting(ctx.db, MADE, 'akadmin')
  const [known] = await ctx.db.select({ id: users.id }).from(users).where(eq(users.username, 'akadmin'))
  if (known !== undefined) return undefined
  const chosen = { password: password ?? new Secret(randomKey(24)), token: token ?? new Secret(randomKey(60)) }
  const hash = await hashPassword(chosen.password.reveal())
  await ctx.db.transaction(async (tx) => {
    const [group] = await tx.select().from(groups).where(eq(groups.name, ADMINISTRATORS))
    const [administrators] =
      group === undefined
        ? await tx.insert(groups).values({ name: ADMINISTRATORS, isSuperuser: true }).returning()
        : [group]
    const [user] = await tx
      .insert(users)
      .values({ username: 'akadmin', name: 'authentik Default Admin', email, password: hash })
      .returning()
    await tx.insert(userGroups).values({ userId: user!.id, groupUuid: administrators!.groupUuid })
    const bootstrap = { identifier: 'authentik-bootstrap-token', intent: 'api', userId: user!.id, expiring: false }
    await createToken(ctx, tx, bootstrap, chosen.token.reveal())
  })
  return {
    username: 'akadmin',
    password: password === undefined ? chosen.password : undefined,
    token: token === undefined ? chosen.token : undefined,
  }
}
