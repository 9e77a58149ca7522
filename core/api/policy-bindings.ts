import { eq, inArray } from 'drizzle-orm'
import { mayOpenApplication } from '#core/access/gate.ts'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import type { Database } from '#core/store/database.ts'
import { membersOf } from '#core/store/memberships.ts'
import { applications, oauth2Providers } from '#core/store/tables/applications.ts'
import { policyBindings } from '#core/store/tables/policies.ts'
import { oidcArtifacts } from '#core/store/tables/system.ts'
import { users } from '#core/store/tables/users.ts'
import { principalOf, type UserRecord } from '#core/store/users.ts'
import { policyBindingResource } from '#schema/api/policies.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding, Effect } from './binding.ts'
import { endAccessOfAll } from './groups.ts'
import { nested } from './nested.ts'
import type { Call } from './route.ts'

type BindingRow = typeof policyBindings.$inferSelect

/** What decides about a target. A change ends the access of those who may not open the application any more. */
export const policyBindingBinding: Binding<BindingRow> = {
  resource: policyBindingResource,
  tables: [policyBindings],
  filters: { target_in: (targets) => inArray(policyBindings.target, [...targets]) },
  prepare,
  represent,
  written: (call, db, { before, after }) => accessChanged(call, db, before === undefined ? [after] : [before, after]),
  async deleting(call, db, row) {
    await db.delete(policyBindings).where(eq(policyBindings.policyBindingUuid, row.policyBindingUuid))
    return accessChanged(call, db, [row])
  },
}

const SUBJECTS = ['policy', 'group', 'user'] as const

async function prepare(_call: Call, values: JsonObject, before: BindingRow | undefined): Promise<JsonObject> {
  const subjectOf = (name: (typeof SUBJECTS)[number]) => (name in values ? values[name] : before?.[name]) ?? null
  const named = SUBJECTS.filter((name) => subjectOf(name) !== null)
  if (named.length === 0)
    throw new ValidationFailedError({ non_field_errors: ["One of 'policy', 'group' or 'user' must be set."] })
  if (named.length > 1)
    throw new ValidationFailedError({ non_field_errors: ["Only one of 'policy', 'group' or 'user' can be set."] })
  return values
}

async function represent(call: Call, rows: readonly BindingRow[], db: Database): Promise<readonly JsonObject[]> {
  const policy = await nested(
    call,
    db,
    'authentik_policies.policy',
    rows.map((row) => row.policy),
  )
  const group = await nested(
    call,
    db,
    'authentik_core.group',
    rows.map((row) => row.group),
  )
  const user = await nested(
    call,
    db,
    'authentik_core.user',
    rows.map((row) => row.user),
  )
  return rows.map((row) => ({
    policy_obj: policy.get(row.policy) ?? null,
    group_obj: group.get(row.group) ?? null,
    user_obj: user.get(row.user) ?? null,
  }))
}

/**
 * Ends the access of those who may no longer open the application: everybody that it has granted something to, and
 * everybody whom the bindings name.
 */
async function accessChanged(call: Call, db: Database, changed: readonly BindingRow[]): Promise<Effect> {
  const targets = [...new Set(changed.map(({ target }) => target))]
  const opened = await db.select().from(applications).where(inArray(applications.pbmUuid, targets))
  const shut = new Map<number, UserRecord>()
  for (const application of opened)
    for (const user of await concerned(db, application, changed)) {
      const principal = await principalOf(call.ctx, user, db)
      const decision = await mayOpenApplication(call.ctx, { principal, application, clientIp: call.clientIp, db })
      if (!decision.passing) shut.set(user.id, user)
    }
  return endAccessOfAll(call, db, [...shut.values()])
}

type Application = typeof applications.$inferSelect

async function concerned(
  db: Database,
  application: Application,
  changed: readonly BindingRow[],
): Promise<UserRecord[]> {
  const named: UserRecord[] = []
  for (const { group, user } of changed) {
    if (group !== null) named.push(...(await membersOf(db, group)))
    if (user !== null) named.push(...(await db.select().from(users).where(eq(users.id, user))))
  }
  return [...named, ...(await granted(db, application))]
}

/** The users who have a grant of the application's provider. */
async function granted(db: Database, { provider }: Application): Promise<UserRecord[]> {
  if (provider === null) return []
  const accounts = await db
    .selectDistinct({ id: oidcArtifacts.accountId })
    .from(oidcArtifacts)
    .innerJoin(oauth2Providers, eq(oauth2Providers.clientId, oidcArtifacts.clientId))
    .where(eq(oauth2Providers.id, provider))
  const ids = accounts.map(({ id }) => Number(id)).filter((id) => Number.isInteger(id) && id > 0)
  return ids.length === 0 ? [] : db.select().from(users).where(inArray(users.id, ids))
}
