import type { IncomingMessage } from 'node:http'
import { eq } from 'drizzle-orm'
import type { CoreContext } from '#core/context.ts'
import { findToken } from '#core/http/bearer.ts'
import { accountName } from '#core/store/outpost-accounts.ts'
import { outposts } from '#core/store/tables/outposts.ts'
import { loadPrincipal, type UserRecord } from '#core/store/users.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { CloseCode } from '#schema/wire/messages.ts'

/** Who is at the other end of a link, and for which outpost. */
export interface LinkIdentity {
  readonly outpost: { readonly uuid: string; readonly name: string; readonly type: string }
  readonly userId: number
  readonly key: Secret
}

/** The API key that an upgrade request carries. */
export function keyOf(req: IncomingMessage): Secret | undefined {
  const match = /^bearer ([^\s]{1,512})$/i.exec(req.headers.authorization ?? '')
  return match === null ? undefined : new Secret(match[1]!)
}

/**
 * The identity, if the key is good and belongs to the outpost's own account or to a superuser; asked again whenever one
 * of these changes. To see the outpost is not enough: who links says what the outpost has applied.
 */
export async function identify(ctx: CoreContext, key: Secret, outpostUuid: string): Promise<LinkIdentity | undefined> {
  const found = await findToken(ctx, key.reveal(), 'api')
  const [outpost] = await ctx.db
    .select({ uuid: outposts.uuid, name: outposts.name, type: outposts.type })
    .from(outposts)
    .where(eq(outposts.uuid, outpostUuid))
  if (found === undefined || outpost === undefined) return undefined
  const allowed = isAccountOf(found.user, outpost.uuid) || (await loadPrincipal(ctx, found.user.id))?.isSuperuser
  return allowed === true ? { outpost, userId: found.user.id, key } : undefined
}

/** The type is the core's alone to give, so that nobody becomes an outpost by its name. */
const isAccountOf = ({ username, type }: UserRecord, outpostUuid: string): boolean =>
  type === 'internal_service_account' && username === accountName(outpostUuid)

/** With which code and words a link ends whose account may not hold it any more. */
export async function refusalOf(ctx: CoreContext, outpostUuid: string): Promise<[code: number, reason: string]> {
  const [outpost] = await ctx.db.select({ uuid: outposts.uuid }).from(outposts).where(eq(outposts.uuid, outpostUuid))
  return outpost === undefined
    ? [CloseCode.gone, 'the outpost was deleted']
    : [CloseCode.unauthorized, 'the token is not valid any more']
}
