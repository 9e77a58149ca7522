import { eq, inArray, sql } from 'drizzle-orm'
import { mayOpenApplication } from '#core/access/gate.ts'
import { recordDecision } from '#core/access/record-decision.ts'
import { type LaunchSources, launchUrlOf } from '#core/domain/access/launch-url.ts'
import { NotFoundError, ValidationFailedError } from '#core/http/http-errors.ts'
import { RESERVED_SLUGS } from '#core/oidc/urls.ts'
import type { Database } from '#core/store/database.ts'
import { applications, oauth2Providers, providers, proxyProviders } from '#core/store/tables/applications.ts'
import { policyTargets } from '#core/store/tables/policies.ts'
import { events } from '#core/store/tables/system.ts'
import { loadPrincipal, type Principal } from '#core/store/users.ts'
import { applicationResource } from '#schema/api/applications.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding, Row } from './binding.ts'
import { eventCounts } from './event-metrics.ts'
import { nested } from './nested.ts'
import { findVisible } from './objects.ts'
import { pictureRoutes } from './pictures.ts'
import { policyTestResult } from './policy-test-result.ts'
import { type Access, type Call, isSuperuser, OWN, ok, type Reply, type Route, userOf } from './route.ts'
import { endShutAccess, grantedBy } from './standing-access.ts'

type ApplicationRow = typeof applications.$inferSelect & Row

const PROVIDER = 'authentik_core.provider'
const VIEW: Access = { kind: 'objects', permission: 'authentik_core.view_application' }
const bindingOf = (call: Call) => call.registry.of(applicationResource.model)!

/** Applications: the list is the library of the caller, what is linked there is a web address. */
export const applicationBinding: Binding<ApplicationRow> = {
  resource: applicationResource,
  tables: [policyTargets, applications],
  kind: 'application',
  links: {
    backchannel_providers: {
      table: providers,
      own: providers.backchannelApplication,
      other: providers.id,
      reverse: true,
    },
  },
  filters: { superuser_full_list: () => undefined },
  admit,
  async prepare(_call, values) {
    if (RESERVED_SLUGS.has(String(values['slug'])))
      throw new ValidationFailedError({ slug: ['This slug is reserved.'] })
    return values
  },
  represent,
  /** Another mode, or another provider, can shut out who was let in. */
  written: async (call, db, { before, after }) =>
    before === undefined ? undefined : endShutAccess(call, db, grantedBy([after.pbmUuid])),
  actions: [
    action('check_access', 'retrieve', OWN, 'PolicyTestResult', checkAccess),
    action('metrics', 'list', VIEW, 'array:Coordinate', metrics),
    ...pictureRoutes(applicationResource, 'set_icon', 'meta_icon'),
  ],
}

function action(
  name: string,
  form: 'list' | 'retrieve',
  access: Access,
  response: string,
  handle: (call: Call) => Promise<Reply>,
): Route {
  return {
    method: 'GET',
    path: `core/applications/{slug}/${name}/`,
    operationId: `core_applications_${name}_${form}`,
    access,
    document: { response },
    handle,
  }
}

/** The library: what the caller may open now, unless a superuser wants to see everything. */
async function admit(call: Call, rows: readonly ApplicationRow[]): Promise<readonly ApplicationRow[]> {
  if (isSuperuser(call) && call.query.get('superuser_full_list') === 'true') return rows
  const { principal } = userOf(call)
  const decisions = await Promise.all(
    rows.map((application) => mayOpenApplication(call.ctx, { principal, application, clientIp: call.clientIp })),
  )
  return rows.filter((_, index) => decisions[index]!.passing)
}

async function represent(call: Call, rows: readonly ApplicationRow[], db: Database): Promise<readonly JsonObject[]> {
  const keys = rows.map(({ pbmUuid }) => pbmUuid)
  const backchannel =
    keys.length === 0 ? [] : await db.select().from(providers).where(inArray(providers.backchannelApplication, keys))
  const own = rows.flatMap(({ provider }) => provider ?? [])
  const described = await nested(call, db, PROVIDER, [...own, ...backchannel.map(({ id }) => id)])
  const addresses = await addressesOf(db, own)
  const visitor = call.caller.kind === 'user' ? call.caller.principal.user : undefined
  return rows.map((row) => ({
    provider_obj: described.get(row.provider) ?? null,
    backchannel_providers_obj: backchannel
      .filter(({ backchannelApplication }) => backchannelApplication === row.pbmUuid)
      .flatMap(({ id }) => described.get(id) ?? []),
    launch_url: launchUrlOf({ ...row, ...(addresses.get(row.provider) ?? NOWHERE) }, visitor) ?? null,
    meta_icon: row.metaIcon || null,
    meta_icon_url: row.metaIcon || null,
    meta_icon_themed_urls: null,
  }))
}

type Addresses = Omit<LaunchSources, 'metaLaunchUrl'>
const NOWHERE: Addresses = { externalHost: null, redirectUris: null }

/** What providers know of where their applications are. */
async function addressesOf(db: Database, ids: readonly number[]): Promise<ReadonlyMap<number | null, Addresses>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .select({
      id: oauth2Providers.id,
      externalHost: proxyProviders.externalHost,
      redirectUris: oauth2Providers.redirectUris,
    })
    .from(oauth2Providers)
    .leftJoin(proxyProviders, eq(proxyProviders.id, oauth2Providers.id))
    .where(inArray(oauth2Providers.id, [...ids]))
  return new Map(rows.map(({ id, ...addresses }) => [id, addresses]))
}

/**
 * May the caller, or somebody a superuser names, open the application? Seeing it is not needed to ask. What is decided
 * about the caller is kept: outposts ask in the name of whoever signs in.
 */
async function checkAccess(call: Call): Promise<Reply> {
  const { ctx, clientIp } = call
  const [application] = await ctx.db
    .select()
    .from(applications)
    .where(eq(applications.slug, call.params['slug'] ?? ''))
  if (application === undefined) throw new NotFoundError()
  const principal = await askedAbout(call)
  const question = { principal, application, clientIp }
  const decision = await mayOpenApplication(ctx, question)
  if (principal === userOf(call).principal) await recordDecision(ctx, question, decision)
  return ok(policyTestResult(call, decision))
}

async function askedAbout(call: Call): Promise<Principal> {
  const named = call.query.get('for_user')
  if (named === null || !isSuperuser(call)) return userOf(call).principal
  if (!/^\d{1,9}$/.test(named)) throw new ValidationFailedError({ for_user: ['for_user must be numerical'] })
  const principal = await loadPrincipal(call.ctx, Number(named))
  if (principal === undefined) throw new NotFoundError()
  return principal
}

async function metrics(call: Call): Promise<Reply> {
  const row = await findVisible(bindingOf(call), call)
  const authorized = sql`${events.context} -> 'authorized_application' ->> 'pk'`
  return ok(
    await eventCounts(call, 'authorize_application', eq(authorized, String(row['pbmUuid']).replaceAll('-', ''))),
  )
}
