import { eq, inArray, sql } from 'drizzle-orm'
import { mayOpenApplication, recordDenial } from '#core/access/gate.ts'
import { ForbiddenError, NotFoundError, ValidationFailedError } from '#core/http/http-errors.ts'
import { RESERVED_SLUGS } from '#core/oidc/urls.ts'
import type { Database } from '#core/store/database.ts'
import { applications, oauth2Providers, providers, proxyProviders } from '#core/store/tables/applications.ts'
import { policyTargets } from '#core/store/tables/policies.ts'
import { events } from '#core/store/tables/system.ts'
import { loadPrincipal, type Principal } from '#core/store/users.ts'
import { applicationResource, filePathFields } from '#schema/api/applications.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding, Row } from './binding.ts'
import { actionBody } from './checks.ts'
import { eventCounts } from './event-metrics.ts'
import { nested } from './nested.ts'
import { findVisible, requireOn } from './objects.ts'
import { type Access, type Call, isSuperuser, OWN, ok, type Reply, type Route, userOf } from './route.ts'
import { update } from './write.ts'

type ApplicationRow = typeof applications.$inferSelect & Row

const PROVIDER = 'authentik_core.provider'
const bindingOf = (call: Call) => call.registry.of(applicationResource.model)!

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
  actions: [
    action('GET', 'check_access', 'check_access_retrieve', OWN, { response: 'PolicyTestResult' }, checkAccess),
    action('GET', 'metrics', 'metrics_list', objects('view'), { response: 'array:Coordinate' }, metrics),
    action(
      'POST',
      'set_icon_url',
      'set_icon_url_create',
      objects('change'),
      { request: { name: 'FilePathRequest', fields: filePathFields } },
      setIconUrl,
    ),
  ],
}

function objects(verb: string): Access {
  return { kind: 'objects', permission: `authentik_core.${verb}_application` }
}

function action(
  method: Route['method'],
  name: string,
  id: string,
  access: Access,
  document: NonNullable<Route['document']>,
  handle: (call: Call) => Promise<Reply>,
): Route {
  return {
    method,
    path: `core/applications/{slug}/${name}/`,
    operationId: `core_applications_${id}`,
    access,
    document,
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
  const launch = await launchUrls(db, own)
  return rows.map((row) => ({
    provider_obj: described.get(row.provider) ?? null,
    backchannel_providers_obj: backchannel
      .filter(({ backchannelApplication }) => backchannelApplication === row.pbmUuid)
      .flatMap(({ id }) => described.get(id) ?? []),
    launch_url: launchUrl(row, launch.get(row.provider ?? -1), call),
    meta_icon: row.metaIcon || null,
    meta_icon_url: row.metaIcon || null,
    meta_icon_themed_urls: null,
  }))
}

/** Where the applications of providers are: the protected host, or the origin of the first redirect URI. */
async function launchUrls(db: Database, ids: readonly number[]): Promise<ReadonlyMap<number, string>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .select({ id: oauth2Providers.id, host: proxyProviders.externalHost, uris: oauth2Providers.redirectUris })
    .from(oauth2Providers)
    .leftJoin(proxyProviders, eq(proxyProviders.id, oauth2Providers.id))
    .where(inArray(oauth2Providers.id, [...ids]))
  return new Map(rows.map(({ id, host, uris }) => [id, host ?? URL.parse(uris.split('\n')[0] ?? '')?.origin ?? '']))
}

/** `%(username)s` and its like stand for columns of the caller. */
function launchUrl({ metaLaunchUrl }: ApplicationRow, ofProvider: string | undefined, call: Call): string | null {
  const url = metaLaunchUrl || ofProvider || ''
  const user = call.caller.kind === 'user' ? call.caller.principal.user : undefined
  const known: JsonObject = { username: user?.username, email: user?.email, name: user?.name }
  const filled = url.replaceAll(/%\((\w+)\)s/g, (text, name: string) =>
    typeof known[name] === 'string' ? encodeURIComponent(known[name]) : text,
  )
  return filled === '' ? null : filled
}

/** May the caller, or somebody a superuser names, open the application? Seeing it is not needed to ask. */
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
  if (!decision.passing && principal === userOf(call).principal) await recordDenial(ctx, question, decision)
  return ok(testResult(call, decision))
}

/** Reasons are for superusers. */
export function testResult(
  call: Call,
  { passing, messages, reason }: { passing: boolean; messages: readonly string[]; reason: string },
) {
  if (!isSuperuser(call)) return { passing, messages: [], log_messages: [] }
  return {
    passing,
    messages,
    log_messages: [
      {
        log_level: 'info',
        event: reason,
        logger: 'core.access',
        timestamp: new Date(call.ctx.clock.now()).toISOString(),
        attributes: {},
      },
    ],
  }
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
  return ok(await eventCounts(call, 'authorize_application', eq(authorized, String(row['pbmUuid']))))
}

async function setIconUrl(call: Call): Promise<Reply> {
  const binding = bindingOf(call)
  requireOn(binding, call, 'change', await findVisible(binding, call))
  const { url } = await actionBody(call, filePathFields)
  if (/^\s*(?:javascript|vbscript|data):/i.test(String(url)))
    throw new ForbiddenError('This kind of address is not allowed.')
  await update(call, binding, { meta_icon: url })
  return ok({})
}
