import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import { dockerServiceConnections } from './tables/outposts.ts'
import { tokens, userPermissions, users } from './tables/users.ts'

/** The account of controllers. */
export const CONTROLLER = { username: 'martello-controller', type: 'internal_service_account' } as const

const { tlsVerification, tlsAuthentication } = dockerServiceConnections

/** What controllers may see of single objects: the tokens of outposts, and what Docker connections identify with. */
const WANTED = sql`(
  select p.permission, ${tokens.tokenUuid}::text as object_pk from ${tokens},
    (values ('authentik_core.view_token'), ('authentik_core.view_token_key')) as p (permission)
    where ${tokens.managed} like 'goauthentik.io/outpost/%'
  union
  select p.permission, u.pair::text from (
      select ${tlsVerification} as pair from ${dockerServiceConnections}
      union select ${tlsAuthentication} from ${dockerServiceConnections}) as u,
    (values ('authentik_crypto.view_certificatekeypair'), ('authentik_crypto.view_certificatekeypair_certificate')) as p (permission)
    where u.pair is not null
  union
  select 'authentik_crypto.view_certificatekeypair_key', ${tlsAuthentication}::text from ${dockerServiceConnections}
    where ${tlsAuthentication} is not null
)`

/**
 * Brings what controllers may see of single objects to where it should be: whatever else has a token or a key pair is
 * none of their business. To be called in the transaction that makes a token of an outpost or changes a connection.
 */
export async function grantToController(db: Database): Promise<void> {
  const account = sql`(select ${users.id} from ${users}
    where ${users.username} = ${CONTROLLER.username} and ${users.type} = ${CONTROLLER.type})`
  await db.execute(sql`delete from ${userPermissions}
    where ${userPermissions.userId} = ${account} and ${userPermissions.objectPk} is not null
      and (${userPermissions.permission}, ${userPermissions.objectPk}) not in (select * from ${WANTED} as wanted)`)
  await db.execute(sql`insert into ${userPermissions} (user_id, permission, object_pk)
    select ${users.id}, wanted.permission, wanted.object_pk from ${users}, ${WANTED} as wanted
    where ${users.id} = ${account}
    on conflict do nothing`)
}
