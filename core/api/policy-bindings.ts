import { eq, inArray } from 'drizzle-orm'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import type { Database } from '#core/store/database.ts'
import { membersOf } from '#core/store/memberships.ts'
import { applications } from '#core/store/tables/applications.ts'
import { policyBindings } from '#core/store/tables/policies.ts'
import { users } from '#core/store/tables/users.ts'
import type { UserRecord } from '#core/store/users.ts'
import { policyBindingResource } from '#schema/api/policies.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding, Effect } from './binding.ts'
import { nested } from './nested.ts'
import type { Call } from './route.ts'
import { endShutAccess, grantedBy } from './standing-access.ts'

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
  const concerned = await db.select().from(applications).where(grantedBy(targets))
  const named = await namedIn(db, changed)
  const standing = concerned.flatMap((application) => named.map((user) => ({ user, application })))
  return endShutAccess(call, db, grantedBy(targets), standing)
}

async function namedIn(db: Database, bindings: readonly BindingRow[]): Promise<readonly UserRecord[]> {
  const named: UserRecord[] = []
  for (const { group, user } of bindings) {
    if (group !== null) named.push(...(await membersOf(db, group)))
    if (user !== null) named.push(...(await db.select().from(users).where(eq(users.id, user))))
  }
  return named
}
