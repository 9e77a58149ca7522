import { eq, inArray, isNotNull, sql } from 'drizzle-orm'
import { evaluateBindings } from '#core/access/evaluate-bindings.ts'
import { policyRequest } from '#core/access/policy-input.ts'
import { expressionProblem } from '#core/domain/policy/expression.ts'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import type { Database } from '#core/store/database.ts'
import { dummyPolicies, expressionPolicies, policies, policyBindings } from '#core/store/tables/policies.ts'
import { loadPrincipal, type Principal } from '#core/store/users.ts'
import {
  dummyPolicyResource,
  expressionPolicyResource,
  policyResource,
  policyTestFields,
} from '#schema/api/policies.ts'
import { permissionFor } from '#schema/api/resource.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding, Row } from './binding.ts'
import { actionBody } from './checks.ts'
import { findVisible, requireOn } from './objects.ts'
import { policyTestResult } from './policy-test-result.ts'
import { type Call, NO_CONTENT, ok, type Reply, type Route, requirePermission } from './route.ts'
import { endShutAccess, grantedBy } from './standing-access.ts'
import { typesRoute } from './types-route.ts'
import { rowOf } from './write.ts'

type PolicyRow = typeof policies.$inferSelect & Row

const base = policyResource.model
const isBound = sql`${policies.policyUuid} in (select ${policyBindings.policy} from ${policyBindings} where ${isNotNull(policyBindings.policy)})`

const cacheRoute = (method: 'GET' | 'POST', id: string, permission: string): Route => ({
  method,
  path: `policies/all/${id}/`,
  operationId: `policies_all_${id}_${method === 'GET' ? 'retrieve' : 'create'}`,
  access: { kind: 'permission', permission: `authentik_policies.${permission}` },
  document: method === 'GET' ? { response: 'Cache' } : { status: 204 },
  // compat: decisions are not cached in the core, so there is nothing to count or to clear.
  handle: async () => (method === 'GET' ? ok({ count: 0 }) : NO_CONTENT),
})

/** Policies of every kind, and the way to try one out. */
export const policyBinding: Binding<PolicyRow> = {
  resource: policyResource,
  tables: [policies],
  filters: {
    bindings__isnull: ([value]) => (value!.toLowerCase() === 'true' ? sql`not ${isBound}` : isBound),
    promptstage__isnull: ([value]) => (value!.toLowerCase() === 'true' ? undefined : sql`false`),
  },
  represent,
  actions: [
    typesRoute('policies/all/', base),
    cacheRoute('GET', 'cache_info', 'view_policy_cache'),
    cacheRoute('POST', 'cache_clear', 'clear_policy_cache'),
    {
      method: 'POST',
      path: 'policies/all/{policy_uuid}/test/',
      operationId: 'policies_all_test_create',
      access: { kind: 'objects', permission: permissionFor('change', base) },
      document: { request: { name: 'PolicyTestRequest', fields: policyTestFields }, response: 'PolicyTestResult' },
      handle: test,
    },
  ],
}

/** A policy that decides otherwise, or is gone, ends the access of those whom an application would not let in any more. */
const decisive: Pick<Binding<PolicyRow>, 'written' | 'deleting'> = {
  async written(call, db, { before, after }) {
    if (before === undefined) return undefined
    return endShutAccess(call, db, grantedBy(await targetsOf(db, after.policyUuid)))
  },
  async deleting(call, db, { policyUuid }) {
    const targets = await targetsOf(db, policyUuid)
    await db.delete(policies).where(eq(policies.policyUuid, policyUuid))
    return endShutAccess(call, db, grantedBy(targets))
  },
}

/** Policies that decide by a CEL expression; one that cannot is refused when it is saved. */
export const expressionPolicyBinding: Binding<PolicyRow> = {
  resource: expressionPolicyResource,
  tables: [policies, expressionPolicies],
  base,
  kind: 'expression',
  represent,
  ...decisive,
  async prepare(_call, values) {
    const { expression } = values
    const problem = typeof expression === 'string' ? expressionProblem(expression) : undefined
    if (problem !== undefined) throw new ValidationFailedError({ expression: [problem] })
    return values
  },
}

/** Policies that always say the same. */
export const dummyPolicyBinding: Binding<PolicyRow> = {
  resource: dummyPolicyResource,
  tables: [policies, dummyPolicies],
  base,
  kind: 'dummy',
  represent,
  ...decisive,
}

async function targetsOf(db: Database, policyUuid: string): Promise<readonly string[]> {
  const bound = await db.select().from(policyBindings).where(eq(policyBindings.policy, policyUuid))
  return bound.map(({ target }) => target)
}

async function represent(_call: Call, rows: readonly PolicyRow[], db: Database): Promise<readonly JsonObject[]> {
  const keys = rows.map(({ policyUuid }) => policyUuid)
  if (keys.length === 0) return []
  const counts = await db
    .select({ policy: policyBindings.policy, count: sql<number>`count(*)::int` })
    .from(policyBindings)
    .where(inArray(policyBindings.policy, keys))
    .groupBy(policyBindings.policy)
  return keys.map((key) => ({ bound_to: counts.find(({ policy }) => policy === key)?.count ?? 0 }))
}

/** The user that a test is made for; only those may be named that the caller may see. */
export async function testedUser(call: Call, pk: unknown): Promise<Principal> {
  requirePermission(call, 'authentik_core.view_user')
  const principal = await loadPrincipal(call.ctx, Number(pk))
  if (principal === undefined)
    throw new ValidationFailedError({ user: [`Invalid pk "${Number(pk)}" - object does not exist.`] })
  return principal
}

/** Evaluates a policy for a user as a binding would; only for those who could change it (API-07). */
async function test(call: Call): Promise<Reply> {
  const row = await findVisible(call.registry.of(base)!, call)
  requireOn(call.registry.of(base)!, call, 'change', row)
  const { user, context = {} } = await actionBody(call, policyTestFields)
  const principal = await testedUser(call, user)
  const concrete = call.registry.concrete(call.registry.of(base)!, row)
  const { name, expression, result } = await rowOf(call.ctx.db, concrete, row['policyUuid'])
  const policy =
    typeof expression === 'string'
      ? ({ kind: 'expression', name: String(name), expression } as const)
      : ({ kind: 'dummy', name: String(name), result: result === true } as const)
  const subject = { kind: 'policy', policy } as const
  const binding = { uuid: '', negate: false, failureResult: false, timeoutMs: 0, subject }
  const request = policyRequest(principal, call.clientIp, context as JsonObject)
  const [said] = evaluateBindings([binding], request)
  return ok(policyTestResult(call, said!))
}
