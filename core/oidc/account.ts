import { eq } from 'drizzle-orm'
import type { Account, KoaContextWithOIDC } from 'oidc-provider'
import { mayOpenApplication } from '#core/access/gate.ts'
import { recordDenial } from '#core/access/record-decision.ts'
import type { CoreContext } from '#core/context.ts'
import { activeStatus } from '#core/domain/access/active.ts'
import { clientIpOf } from '#core/http/client-ip.ts'
import type { Database } from '#core/store/database.ts'
import { groups, userGroups } from '#core/store/tables/users.ts'
import { loadPrincipal, type Principal } from '#core/store/users.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { ApplicationSettings } from './application-settings.ts'
import { type ClaimSubject, claimsFor } from './claims.ts'
import { outerRequest } from './inner-request.ts'
import { subjectOf } from './subject.ts'

/** The library's account, which it knows by the user's id, with the name that the application knows it by. */
export interface OidcAccount extends Account {
  readonly subject: string
}

/** compat: the one authentication context that there is. */
export const ACR = 'goauthentik.io/providers/oauth2/default'

/**
 * The account behind a session, code or token; undefined, which the library answers with a refusal, when the user is
 * gone or inactive, or (once something was issued) when the application is closed to the user.
 */
export async function findAccount(
  ctx: CoreContext,
  settings: ApplicationSettings,
  koa: KoaContextWithOIDC,
  accountId: string,
  source: { readonly sessionUid?: string | undefined; readonly authTime?: number | undefined } | undefined,
): Promise<OidcAccount | undefined> {
  const principal = await loadPrincipal(ctx, Number(accountId))
  if (principal === undefined || activeStatus(principal.user).kind !== 'active') return undefined
  if (source !== undefined) {
    const clientIp = clientIpOf(outerRequest(koa.req))
    const question = { principal, application: settings.application, clientIp }
    const decision = await mayOpenApplication(ctx, question)
    if (!decision.passing) {
      await recordDenial(ctx, question, decision)
      return undefined
    }
  }
  const subject = subjectOf(principal, settings.subjectMode)
  return {
    accountId,
    subject,
    async claims(use, scope) {
      const mapped = () => mappedClaims(ctx, settings, principal, scope)
      if (use === 'userinfo') return { ...(await mapped()), sub: subject }
      return {
        ...(settings.includeClaimsInIdToken ? await mapped() : {}),
        sub: subject,
        acr: ACR,
        auth_time: source?.authTime,
        sid: source?.sessionUid,
      }
    },
  }
}

async function mappedClaims(
  ctx: CoreContext,
  settings: ApplicationSettings,
  principal: Principal,
  scope: string,
): Promise<JsonObject> {
  const subject = await claimSubject(ctx.db, settings, principal)
  const { claims, failures } = claimsFor(settings.mappings, new Set(scope.split(' ')), subject)
  for (const { mapping, reason } of failures)
    await ctx.events.record({
      action: 'configuration_error',
      app: 'authentik.providers.oauth2',
      context: {
        message: 'A scope mapping could not be evaluated.',
        mapping,
        provider: settings.provider.name,
        reason,
      },
    })
  return claims
}

async function claimSubject(
  db: Database,
  { application }: ApplicationSettings,
  { user, uid, groups: all, isSuperuser, attributes }: Principal,
): Promise<ClaimSubject> {
  const direct = await db
    .select({ name: groups.name })
    .from(userGroups)
    .innerJoin(groups, eq(groups.groupUuid, userGroups.groupUuid))
    .where(eq(userGroups.userId, user.id))
    .orderBy(groups.name)
  return {
    user: {
      pk: user.id,
      uid,
      uuid: user.uuid,
      username: user.username,
      name: user.name,
      email: user.email,
      type: user.type,
      is_superuser: isSuperuser,
      groups: direct.map((group) => group.name),
      all_groups: all.map((group) => group.name),
      attributes,
    },
    application: { slug: application.slug, name: application.name },
  }
}
