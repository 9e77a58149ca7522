import { desc, eq, inArray, sql } from 'drizzle-orm'
import { maskSecrets } from '#core/events/mask-secrets.ts'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import { events } from '#core/store/tables/system.ts'
import { eventResource } from '#schema/api/events.ts'
import { isJsonObject } from '#schema/kernel/deep-merge.ts'
import { parseAddress } from '#schema/kernel/networks.ts'
import type { Binding } from './binding.ts'
import { eventCounts } from './event-metrics.ts'
import { type Call, ok, type Reply, type Route, userOf } from './route.ts'

/** What is kept; `authorize_denied` is ours, the rest are names that clients know. */
const ACTIONS = [
  'login',
  'login_failed',
  'logout',
  'user_write',
  'suspicious_request',
  'password_set',
  'secret_view',
  'secret_rotate',
  'invitation_used',
  'authorize_application',
  'authorize_denied',
  'source_linked',
  'impersonation_started',
  'impersonation_ended',
  'flow_execution',
  'policy_execution',
  'policy_exception',
  'property_mapping_exception',
  'system_task_execution',
  'system_task_exception',
  'system_exception',
  'configuration_error',
  'model_created',
  'model_updated',
  'model_deleted',
  'email_sent',
  'update_available',
  'custom_',
]
const KEPT_MS = 365 * 86_400_000

const inModel = (key: string, value: string) => eq(sql`${events.context} -> 'model' ->> ${key}`, value)

/** Audit events: outposts add some, nobody changes or deletes any. */
export const eventBinding: Binding = {
  resource: eventResource,
  tables: [events],
  unrecorded: true,
  filters: {
    context_authorized_app: ([pk]) => eq(sql`${events.context} -> 'authorized_application' ->> 'pk'`, pk!),
    context_model_app: ([app]) => inModel('app', app!),
    context_model_name: ([name]) => inModel('model_name', name!),
    context_model_pk: ([pk]) => inModel('pk', pk!),
    tenant_name: ([name]) => eq(sql`${events.tenant} ->> 'name'`, name!),
    username: ([name]) => eq(sql`${events.user} ->> 'username'`, name!),
  },
  async prepare(call, values) {
    const { user } = userOf(call).principal
    const now = call.ctx.clock.now()
    return {
      ...values,
      context: maskSecrets(isJsonObject(values['context']) ? values['context'] : {}),
      client_ip: addressOf(values['client_ip']) ?? null,
      user: { pk: user.id, username: user.username, email: user.email },
      expires: new Date(now + KEPT_MS),
    }
  },
  actions: [
    action('actions', 'array:TypeCreate', async () =>
      ok(ACTIONS.map((name) => ({ name, description: '', component: name, model_name: '' }))),
    ),
    action('per_month', 'array:Coordinate', async (call) =>
      ok(await eventCounts(call, call.query.get('action') ?? '')),
    ),
    action('top_per_user', 'array:EventTopPerUser', topPerUser),
  ],
}

/** compat: outposts name a peer with its port, which is no part of its address. */
function addressOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(value)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(value)?.[1] ?? value
  if (parseAddress(bare) === undefined)
    throw new ValidationFailedError({ client_ip: ['Enter a valid IPv4 or IPv6 address.'] })
  return bare
}

function action(name: string, response: string, handle: (call: Call) => Promise<Reply>): Route {
  return {
    method: 'GET',
    path: `events/events/${name}/`,
    operationId: `events_events_${name}_list`,
    access: { kind: 'permission', permission: 'authentik_events.view_event' },
    document: { response, query: { action: 'text' } },
    handle,
  }
}

const MOST = 100

async function topPerUser({ ctx, query }: Call): Promise<Reply> {
  const top = Math.min(MOST, Number(query.get('top_n')) || 15)
  const application = sql`${events.context} -> 'authorized_application'`
  const rows = await ctx.db
    .select({
      application,
      counted_events: sql<number>`count(*)::int`,
      unique_users: sql<number>`count(distinct ${events.user} ->> 'pk')::int`,
    })
    .from(events)
    .where(inArray(events.action, [query.get('action') ?? '']))
    .groupBy(application)
    .orderBy(desc(sql`count(*)`))
    .limit(top)
  return ok(rows.filter((row) => row.application !== null))
}
