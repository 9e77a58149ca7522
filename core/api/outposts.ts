import { eq, inArray, sql } from 'drizzle-orm'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import { instancesOf, isLinked } from '#core/link/presence.ts'
import type { Database } from '#core/store/database.ts'
import {
  ensureOutpostAccount,
  type OutpostRecord,
  removeOutpostAccount,
  tokenIdentifier,
} from '#core/store/outpost-accounts.ts'
import { providers } from '#core/store/tables/applications.ts'
import { outpostProviders, outposts } from '#core/store/tables/outposts.ts'
import { tokens } from '#core/store/tables/users.ts'
import { outpostResource } from '#schema/api/outposts.ts'
import { deploymentDefaults, refreshSeconds } from '#schema/deployment/settings.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { isOutdated } from '#schema/kernel/health.ts'
import { VERSION } from '#schema/version.ts'
import type { Binding, Effect, Writing } from './binding.ts'
import { nested } from './nested.ts'
import { originOf } from './oauth2-provider-actions.ts'
import { findVisible } from './objects.ts'
import { outpostConfigProblem } from './outpost-config.ts'
import { revisionOf } from './revision-of.ts'
import { type Call, OWN, ok, type Reply } from './route.ts'

const VIEW = { kind: 'objects', permission: 'authentik_outposts.view_outpost' } as const
const hasProviders = sql`${outposts.uuid} in (select ${outpostProviders.outpostUuid} from ${outpostProviders})`

/** Outposts: each write makes or renews the account that the outpost signs in with. */
export const outpostBinding: Binding<OutpostRecord> = {
  resource: outpostResource,
  tables: [outposts],
  links: {
    providers: { table: outpostProviders, own: outpostProviders.outpostUuid, other: outpostProviders.providerId },
  },
  filters: {
    providers__isnull: ([value]) => (value!.toLowerCase() === 'true' ? sql`not ${hasProviders}` : hasProviders),
    providers_by_pk: (keys) =>
      sql`${outposts.uuid} in (select ${outpostProviders.outpostUuid} from ${outpostProviders} where ${inArray(outpostProviders.providerId, keys.map(Number))})`,
  },
  prepare,
  represent,
  written,
  async deleting(_call, db, outpost) {
    await removeOutpostAccount(db, outpost)
    return undefined
  },
  actions: [
    {
      method: 'GET',
      path: 'outposts/instances/default_settings/',
      operationId: 'outposts_instances_default_settings_retrieve',
      access: OWN,
      document: { response: 'OutpostDefaultConfig' },
      handle: async (call) => ok({ config: { ...deploymentDefaults, authentik_host: originOf(call).href } }),
    },
    {
      method: 'GET',
      path: 'outposts/instances/{uuid}/health/',
      operationId: 'outposts_instances_health_list',
      access: VIEW,
      document: { response: 'array:OutpostHealth' },
      handle: health,
    },
  ],
}

const PROVIDER_CLASS: Readonly<Record<string, string>> = {
  proxy: 'ProxyProvider',
  ldap: 'LDAPProvider',
  radius: 'RadiusProvider',
  oauth2: 'OAuth2Provider',
}

async function prepare(call: Call, values: JsonObject, before: OutpostRecord | undefined): Promise<JsonObject> {
  const errors: Record<string, string[]> = {}
  const type = String(values['type'] ?? before?.type)
  const wanted = (values['providers'] as number[] | undefined) ?? (await servedBy(call.ctx.db, before))
  const rows =
    wanted.length === 0 ? [] : await call.ctx.db.select().from(providers).where(inArray(providers.id, wanted))
  const strange = rows.find(({ kind }) => kind !== type)
  if (strange !== undefined)
    errors['providers'] = [
      `Outpost type ${type} can't be used with ${PROVIDER_CLASS[strange.kind] ?? strange.kind} providers.`,
    ]
  const fitting = rows.filter(({ kind }) => kind === type).map(({ id }) => id)
  const problem = await outpostConfigProblem(call, values, before, fitting)
  if (problem !== undefined) errors['config'] = [`Failed to validate config: ${problem}`]
  if (Object.keys(errors).length > 0) throw new ValidationFailedError(errors)
  return values
}

async function servedBy(db: Database, outpost: OutpostRecord | undefined): Promise<number[]> {
  if (outpost === undefined) return []
  const rows = await db.select().from(outpostProviders).where(eq(outpostProviders.outpostUuid, outpost.uuid))
  return rows.map(({ providerId }) => providerId)
}

async function represent(call: Call, rows: readonly OutpostRecord[], db: Database): Promise<readonly JsonObject[]> {
  const keys = rows.map(({ uuid }) => uuid)
  if (keys.length === 0) return []
  const served = await db
    .select()
    .from(outpostProviders)
    .where(inArray(outpostProviders.outpostUuid, keys))
    .orderBy(outpostProviders.providerId)
  const described = await nested(
    call,
    db,
    'authentik_core.provider',
    served.map(({ providerId }) => providerId),
  )
  const connections = await nested(
    call,
    db,
    'authentik_outposts.outpostserviceconnection',
    rows.map(({ serviceConnection }) => serviceConnection),
  )
  const identifiers = keys.map(tokenIdentifier)
  const signedInWith = await db.select().from(tokens).where(inArray(tokens.identifier, identifiers))
  const sealed = new Map(signedInWith.map(({ identifier, keySealed }) => [identifier, keySealed]))
  return rows.map((outpost) => ({
    providers_obj: served
      .filter(({ outpostUuid }) => outpostUuid === outpost.uuid)
      .flatMap(({ providerId }) => described.get(providerId) ?? []),
    service_connection_obj: connections.get(outpost.serviceConnection) ?? null,
    refresh_interval_s: refreshSeconds(outpost.config),
    token_identifier: tokenIdentifier(outpost.uuid),
    token_revision: revisionOf(sealed.get(tokenIdentifier(outpost.uuid)) ?? ''),
  }))
}

async function written(call: Call, db: Database, { after }: Writing<OutpostRecord>): Promise<Effect> {
  await ensureOutpostAccount(call.ctx, db, after)
  return undefined
}

/** The linked instances of an outpost: what the reference tells of each, and what it has applied. */
async function health(call: Call): Promise<Reply> {
  const outpost = (await findVisible(call.registry.of(outpostResource.model)!, call)) as unknown as OutpostRecord
  const instances = (await instancesOf(call.ctx, outpost.uuid)).filter((instance) => isLinked(call.ctx, instance))
  return ok(
    instances.map((instance) => ({
      uid: instance.uid,
      last_seen: instance.lastSeen.toISOString(),
      version: instance.version,
      version_should: VERSION,
      version_outdated: isOutdated(instance.version, VERSION),
      build_hash: instance.buildHash,
      build_hash_should: '',
      hostname: instance.hostname,
      golang_version: null,
      openssl_enabled: null,
      openssl_version: null,
      fips_enabled: null,
      connected: true,
      capabilities: instance.capabilities,
      applied_revision: instance.appliedRevision,
      applied_sequence: instance.appliedSequence,
    })),
  )
}
