import { eq, inArray, isNotNull, or } from 'drizzle-orm'
import type { CoreContext } from '#core/context.ts'
import { grantToController } from './controller-grants.ts'
import type { Database } from './database.ts'
import { ldapProviders, providers, proxyProviders } from './tables/applications.ts'
import { outpostProviders, outposts } from './tables/outposts.ts'
import { tenants } from './tables/tenants.ts'
import { tokens, userPermissions, users } from './tables/users.ts'
import { createToken } from './tokens.ts'

export type OutpostRecord = typeof outposts.$inferSelect

/** To see a pair, and each of its parts: they are three permissions. */
const PAIR_PERMISSIONS = ['', '_certificate', '_key'].map((part) => `authentik_crypto.view_certificatekeypair${part}`)
const VIEW_PROVIDER: Readonly<Record<string, string>> = {
  proxy: 'authentik_providers_proxy.view_proxyprovider',
  ldap: 'authentik_providers_ldap.view_ldapprovider',
  radius: 'authentik_providers_radius.view_radiusprovider',
}

/** compat: names that operators and controllers know (sheet outpost-protocol §4.4). */
export const accountName = (outpostUuid: string): string => `ak-outpost-${outpostUuid.replaceAll('-', '')}`
/** The identifier of the token that the account of an outpost signs in with. */
export const tokenIdentifier = (outpostUuid: string): string => `ak-outpost-${outpostUuid}-api`

/**
 * Gives an outpost its service account and token if it has none, and rebuilds its permissions: it sees what it serves
 * and nothing else.
 */
export async function ensureOutpostAccount(ctx: CoreContext, db: Database, outpost: OutpostRecord): Promise<void> {
  const userId = await ensureUser(db, outpost)
  await ensureToken(ctx, db, outpost, userId)
  await db.delete(userPermissions).where(eq(userPermissions.userId, userId))
  const grants = await grantsOf(db, outpost)
  await db.insert(userPermissions).values(grants.map((grant) => ({ userId, ...grant })))
}

/** Rebuilds the permissions of every outpost that serves one of the providers. */
export async function refreshOutpostsOf(ctx: CoreContext, db: Database, providerIds: readonly number[]): Promise<void> {
  if (providerIds.length === 0) return
  const rows = await db
    .selectDistinct({ uuid: outpostProviders.outpostUuid })
    .from(outpostProviders)
    .where(inArray(outpostProviders.providerId, [...providerIds]))
  await refreshOutposts(
    ctx,
    db,
    rows.map(({ uuid }) => uuid),
  )
}

/** Takes providers that are about to be deleted from their outposts: what these could see by them, they see no longer. */
export async function detachProviders(ctx: CoreContext, db: Database, providerIds: readonly number[]): Promise<void> {
  if (providerIds.length === 0) return
  const links = await db
    .delete(outpostProviders)
    .where(inArray(outpostProviders.providerId, [...providerIds]))
    .returning()
  await refreshOutposts(
    ctx,
    db,
    links.map(({ outpostUuid }) => outpostUuid),
  )
}

async function refreshOutposts(ctx: CoreContext, db: Database, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  for (const outpost of await db
    .select()
    .from(outposts)
    .where(inArray(outposts.uuid, [...keys])))
    await ensureOutpostAccount(ctx, db, outpost)
}

/** Removes the account of an outpost; its token and permissions go with it. */
export async function removeOutpostAccount(db: Database, { uuid }: OutpostRecord): Promise<void> {
  await db.delete(users).where(eq(users.username, accountName(uuid)))
}

async function ensureUser(db: Database, { uuid, name }: OutpostRecord): Promise<number> {
  const username = accountName(uuid)
  const values = {
    name: `Outpost ${name} Service-Account`,
    type: 'internal_service_account',
    path: 'goauthentik.io/outposts',
    isActive: true,
    password: null,
  }
  const [user] = await db
    .insert(users)
    .values({ username, ...values })
    .onConflictDoUpdate({ target: users.username, set: values })
    .returning({ id: users.id })
  return user!.id
}

async function ensureToken(ctx: CoreContext, db: Database, { uuid }: OutpostRecord, userId: number): Promise<void> {
  const identifier = tokenIdentifier(uuid)
  const managed = `goauthentik.io/outpost/${identifier}`
  const known = await db
    .select()
    .from(tokens)
    .where(or(eq(tokens.identifier, identifier), eq(tokens.managed, managed)))
  const own = known.filter((token) => token.userId === userId && token.intent === 'api' && token.managed === managed)
  if (own.length === 1 && known.length === 1) return
  if (known.length > 0)
    await db.delete(tokens).where(
      inArray(
        tokens.tokenUuid,
        known.map(({ tokenUuid }) => tokenUuid),
      ),
    )
  await createToken(ctx, db, { identifier, managed, userId, intent: 'api', expiring: false })
  await grantToController(db)
}

interface Grant {
  readonly permission: string
  readonly objectPk: string | null
}

async function grantsOf(db: Database, outpost: OutpostRecord): Promise<readonly Grant[]> {
  const served = await db
    .select({ id: providers.id, proxy: proxyProviders.certificate, ldap: ldapProviders.certificate })
    .from(outpostProviders)
    .innerJoin(providers, eq(providers.id, outpostProviders.providerId))
    .leftJoin(proxyProviders, eq(proxyProviders.id, providers.id))
    .leftJoin(ldapProviders, eq(ldapProviders.id, providers.id))
    .where(eq(outpostProviders.outpostUuid, outpost.uuid))
  const pairs = new Set(served.flatMap(({ proxy, ldap }) => [proxy, ldap]).filter((pair) => pair !== null))
  const grants: Grant[] = [
    { permission: 'authentik_outposts.view_outpost', objectPk: outpost.uuid },
    { permission: 'authentik_events.add_event', objectPk: null },
    ...served.map(({ id }) => ({ permission: VIEW_PROVIDER[outpost.type]!, objectPk: String(id) })),
  ]
  if (outpost.type === 'ldap')
    for (const name of ['user', 'group']) grants.push({ permission: `authentik_core.view_${name}`, objectPk: null })
  if (outpost.managed !== null) {
    const branded = await db.select().from(tenants).where(isNotNull(tenants.webCertificate))
    for (const tenant of branded) {
      grants.push({ permission: 'authentik_tenants.view_tenant', objectPk: tenant.tenantUuid })
      pairs.add(tenant.webCertificate!)
    }
  }
  for (const objectPk of pairs) grants.push(...PAIR_PERMISSIONS.map((permission) => ({ permission, objectPk })))
  return grants
}
