import { and, eq, gt } from 'drizzle-orm'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { CoreContext } from '#core/context.ts'
import { activeStatus } from '#core/domain/access/active.ts'
import { sessionOf } from '#core/http/session.ts'
import { sessions, users } from '#core/store/tables/users.ts'
import { ACR } from './account.ts'
import { outerRequest } from './inner-request.ts'

/**
 * The library's session as a view of ours, made anew for each request: whoever is not signed in here is not signed in
 * there, at once. Nothing of it is stored, and it has no cookie of its own.
 */
export function coreSessionClass(ctx: CoreContext, provider: Provider): typeof Provider.prototype.Session {
  return class Session extends provider.Session {
    /** Tells the library that there is nothing to save and no cookie to set. */
    readonly destroyed = true

    static override async get(koa: KoaContextWithOIDC) {
      const { keyHash } = sessionOf(outerRequest(koa.req))
      const session = (await Session.findByUid(keyHash)) ?? new Session()
      koa.oidc?.entity('Session', session)
      return session
    }

    /** The session with this key hash, if an active user is signed in with it. */
    static override async findByUid(uid: string) {
      const [row] = await ctx.db
        .select({ session: sessions, user: users })
        .from(sessions)
        .innerJoin(users, eq(users.id, sessions.userId))
        .where(and(eq(sessions.keyHash, uid), gt(sessions.expires, new Date(ctx.clock.now()))))
      if (row === undefined || activeStatus(row.user).kind !== 'active') return undefined
      const at = row.session.authenticatedAt ?? row.session.created
      const Bound = Session as unknown as new (payload: object) => Session
      return new Bound({ uid, accountId: String(row.user.id), loginTs: Math.floor(at.getTime() / 1000), acr: ACR })
    }

    override async save() {
      return this.jti
    }
  }
}
