import { eq, inArray, type SQL, sql } from 'drizzle-orm'
import { mayOpenApplication } from '#core/access/gate.ts'
import { endAccessOf } from '#core/sessions/end-access.ts'
import type { Database } from '#core/store/database.ts'
import { idsBelow } from '#core/store/memberships.ts'
import { applications, oauth2Providers } from '#core/store/tables/applications.ts'
import { oidcArtifacts } from '#core/store/tables/system.ts'
import { users } from '#core/store/tables/users.ts'
import { principalOf, type UserRecord } from '#core/store/users.ts'
import type { Effect } from './binding.ts'
import type { Call } from './route.ts'

type Application = typeof applications.$inferSelect

/** Somebody who may have standing access to an application. */
export interface Standing {
  readonly user: UserRecord
  readonly application: Application
}

/** What these applications have granted. */
export const grantedBy = (pbmUuids: readonly string[]): SQL => inArray(applications.pbmUuid, [...pbmUuids])
/** What has been granted to this user. */
export const grantedTo = (userId: number): SQL => eq(users.id, userId)
/** What has been granted to the members of this group and of those below it. */
export const grantedToMembers = (groupUuid: string): SQL =>
  sql`${users.id} in ${idsBelow(sql`group_uuid = ${groupUuid}`)}`

/**
 * Ends the access of whoever holds what an application would not grant any more, in the caller's transaction: of all that
 * was granted, of what the condition is about, and of those who are named beside.
 */
export async function endShutAccess(
  call: Call,
  db: Database,
  condition: SQL,
  named: readonly Standing[] = [],
): Promise<Effect> {
  const standing = Map.groupBy([...named, ...(await granted(db, condition))], ({ user }) => user.id)
  const shut: UserRecord[] = []
  for (const own of standing.values()) {
    const { user } = own[0]!
    const principal = await principalOf(call.ctx, user, db)
    const opened = new Map(own.map(({ application }) => [application.pbmUuid, application]))
    for (const application of opened.values()) {
      const decision = await mayOpenApplication(call.ctx, { principal, application, clientIp: call.clientIp, db })
      if (decision.passing) continue
      shut.push(user)
      break
    }
  }
  return endAccessOfAll(call, db, shut)
}

async function granted(db: Database, condition: SQL): Promise<readonly Standing[]> {
  return db
    .selectDistinct({ user: users, application: applications })
    .from(oidcArtifacts)
    .innerJoin(oauth2Providers, eq(oauth2Providers.clientId, oidcArtifacts.clientId))
    .innerJoin(applications, eq(applications.provider, oauth2Providers.id))
    .innerJoin(users, eq(sql`${users.id}::text`, oidcArtifacts.accountId))
    .where(condition)
}

/** Ends the access of several users; the effect is the last revocation's, if there is one. */
export async function endAccessOfAll(call: Call, db: Database, affected: readonly UserRecord[]): Promise<Effect> {
  let revocation: number | undefined
  for (const user of affected) revocation = await endAccessOf(call.ctx, db, user, { reason: 'access-changed' })
  return revocation === undefined ? undefined : { revocation }
}
