import { and, asc, eq, inArray, or, type SQL, sql } from 'drizzle-orm'
import { mayOpenApplication } from '#core/access/gate.ts'
import { recordDecision } from '#core/access/record-decision.ts'
import { ForbiddenError, NotFoundError } from '#core/http/http-errors.ts'
import { loadApplicationSettings } from '#core/oidc/application-settings.ts'
import { openIdConfiguration } from '#core/oidc/urls.ts'
import { bindingsOf } from '#core/store/bindings.ts'
import type { Database } from '#core/store/database.ts'
import {
  applications,
  ldapProviders,
  oauth2Providers,
  providers,
  proxyProviders,
  radiusProviders,
} from '#core/store/tables/applications.ts'
import { flows } from '#core/store/tables/flows.ts'
import { ldapFeedResource, proxyFeedResource, radiusFeedResource } from '#schema/api/outpost-feeds.ts'
import { permissionFor } from '#schema/api/resource.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { parseDuration } from '#schema/kernel/duration.ts'
import type { Binding, Row } from './binding.ts'
import { originOf } from './oauth2-provider-actions.ts'
import { policyTestResult } from './policy-test-result.ts'
import { resourceRoutes } from './resource.ts'
import { noteShown } from './reveal.ts'
import { revisionOf } from './revision-of.ts'
import { type Call, isSuperuser, OWN, ok, type Reply, type Route, userOf } from './route.ts'
import { sealPlace } from './write.ts'

type ProviderRow = typeof providers.$inferSelect & Row
type Application = typeof applications.$inferSelect

/** compat: only providers that belong to an application are handed out. */
const isAssigned: SQL = sql`(${providers.id} in (select ${applications.provider} from ${applications}) or ${providers.backchannelApplication} is not null)`

const proxyFeed: Binding<ProviderRow> = {
  resource: proxyFeedResource,
  tables: [providers, oauth2Providers, proxyProviders],
  where: isAssigned,
  represent: (call, rows, db) => eachAssigned(db, rows, (row, { application }) => proxyConfig(call, row, application)),
}

const ldapFeed: Binding<ProviderRow> = {
  resource: ldapFeedResource,
  tables: [providers, ldapProviders],
  where: isAssigned,
  represent: (_call, rows, db) =>
    eachAssigned(db, rows, async (_row, { application, flow }) => ({
      application_slug: application.slug,
      bind_flow_slug: flow,
      unbind_flow_slug: null,
      access_revision: revisionOf(await bindingsOf(db, application.pbmUuid)),
    })),
}

const radiusFeed: Binding<ProviderRow> = {
  resource: radiusFeedResource,
  tables: [providers, radiusProviders],
  where: isAssigned,
  represent: ({ ctx }, rows, db) =>
    eachAssigned(db, rows, async (row, { application, flow }) => ({
      application_slug: application.slug,
      auth_flow_slug: flow,
      shared_secret: ctx.keys.unseal(String(row['sharedSecret']), sealPlace(radiusProviders.sharedSecret, row.id)),
      mfa_support: false,
      certificate: null,
    })),
}

interface Assignment {
  readonly application: Application
  /** Slug of the flow that people sign in by. */
  readonly flow: string
}

async function eachAssigned(
  db: Database,
  rows: readonly ProviderRow[],
  describe: (row: ProviderRow, assignment: Assignment) => Promise<JsonObject>,
): Promise<readonly JsonObject[]> {
  const known = await assignmentsOf(db, rows)
  return Promise.all(rows.map(async (row) => describe(row, known.get(row.id)!)))
}

/** The application and the sign-in flow of each provider; a back-channel application comes first. */
async function assignmentsOf(db: Database, rows: readonly ProviderRow[]): Promise<ReadonlyMap<number, Assignment>> {
  if (rows.length === 0) return new Map()
  const backchannel = rows.flatMap(({ backchannelApplication }) => backchannelApplication ?? [])
  const found = await db
    .select()
    .from(applications)
    .where(
      or(
        inArray(
          applications.provider,
          rows.map(({ id }) => id),
        ),
        inArray(applications.pbmUuid, backchannel),
      ),
    )
  const wanted = rows.flatMap(({ authorizationFlow }) => authorizationFlow ?? [])
  const slugs = wanted.length === 0 ? [] : await db.select().from(flows).where(inArray(flows.flowUuid, wanted))
  return new Map(
    rows.flatMap((row) => {
      const application =
        found.find(({ pbmUuid }) => pbmUuid === row.backchannelApplication) ??
        found.find(({ provider }) => provider === row.id)
      const flow = slugs.find(({ flowUuid }) => flowUuid === row.authorizationFlow)?.slug ?? ''
      return application === undefined ? [] : [[row.id, { application, flow }] as const]
    }),
  )
}

async function proxyConfig(call: Call, row: ProviderRow, application: Application): Promise<JsonObject> {
  const { db, keys } = call.ctx
  const settings = await loadApplicationSettings(db, keys, { slug: application.slug })
  if (settings === undefined) throw new TypeError(`the application ${application.slug} has no provider`)
  const { algorithm } = settings.signing
  return {
    client_secret: settings.clientSecret.reveal(),
    cookie_secret: keys.unseal(String(row['cookieSecret']), sealPlace(proxyProviders.cookieSecret, row.id)),
    oidc_configuration: openIdConfiguration(originOf(call), application.slug, algorithm, settings.issuerMode),
    access_token_validity: parseDuration(String(row['accessTokenValidity'])) / 1000,
    scopes_to_request: [...new Set(settings.mappings.map(({ scope }) => scope))],
    assigned_application_slug: application.slug,
    assigned_application_name: application.name,
  }
}

/**
 * Secrets are in these lists: they are for the accounts of outposts, each of which sees the providers that it serves, and
 * for superusers, of whom it is kept that they looked. Whoever sees every provider is another kind of service, such as a
 * controller.
 */
function forOutposts(binding: Binding): Route[] {
  const permission = permissionFor('view', binding.resource.model)
  return resourceRoutes(binding).map((route) => ({
    ...route,
    async handle(call) {
      const { principal, permissions } = userOf(call)
      const isOutpost = principal.user.type === 'internal_service_account' && !permissions.everywhere(permission)
      if (!isOutpost && !isSuperuser(call)) throw new ForbiddenError()
      const reply = await route.handle(call)
      const context = { type: 'outpost_configuration', model: binding.resource.model, path: route.path, ...call.params }
      if (!isOutpost) await noteShown(call, { app: 'authentik.outposts', context })
      return reply
    },
  }))
}

/** What outposts are handed. */
export const FEEDS = [proxyFeed, ldapFeed, radiusFeed] as unknown as readonly Binding[]

/** What outposts ask: their providers with the secrets of these, and whether somebody may sign in. */
export const outpostFeedRoutes: readonly Route[] = [
  ...FEEDS.flatMap(forOutposts),
  accessRoute('ldap', 'LDAPCheckAccess', async (call, row) => ({ has_search_permission: await maySearch(call, row) })),
  accessRoute('radius', 'RadiusCheckAccess', async () => ({})),
]

/** 2026.2 outposts ask here, as the person who signs in. */
function accessRoute(
  kind: 'ldap' | 'radius',
  response: string,
  more: (call: Call, id: number) => Promise<JsonObject>,
): Route {
  return {
    method: 'GET',
    path: `outposts/${kind}/{id}/check_access/`,
    operationId: `outposts_${kind}_access_check`,
    access: OWN,
    document: { response, query: { app_slug: 'text' } },
    handle: (call) => checkAccess(call, kind, more),
  }
}

async function checkAccess(
  call: Call,
  kind: string,
  more: (call: Call, id: number) => Promise<JsonObject>,
): Promise<Reply> {
  const { ctx, clientIp, params } = call
  const id = /^\d{1,9}$/.test(params['id'] ?? '') ? Number(params['id']) : -1
  const [found] = await ctx.db
    .select({ application: applications })
    .from(providers)
    .innerJoin(
      applications,
      or(eq(applications.provider, providers.id), eq(applications.pbmUuid, providers.backchannelApplication)),
    )
    .where(and(eq(providers.id, id), eq(providers.kind, kind), namedApplication(call)))
    .orderBy(asc(applications.slug))
  if (found === undefined) throw new NotFoundError()
  const question = { principal: userOf(call).principal, application: found.application, clientIp }
  const decision = await mayOpenApplication(ctx, question)
  await recordDecision(ctx, question, decision)
  return ok({ ...(await more(call, id)), access: policyTestResult(call, decision) })
}

function namedApplication({ query }: Call): SQL | undefined {
  const slug = query.get('app_slug')
  return slug === null ? undefined : eq(applications.slug, slug)
}

/** Whether the caller may read the whole directory: as a member of the search group. */
async function maySearch(call: Call, id: number): Promise<boolean> {
  const [row] = await call.ctx.db.select().from(ldapProviders).where(eq(ldapProviders.id, id))
  return userOf(call).principal.groups.some(({ groupUuid }) => groupUuid === row?.searchGroup)
}
