import { and, asc, eq } from 'drizzle-orm'
import type { Binding, BoundPolicy } from '#core/domain/policy/binding.ts'
import type { Database } from './database.ts'
import { dummyPolicies, expressionPolicies, policies, policyBindings, policyTargets } from './tables/policies.ts'
import { groups } from './tables/users.ts'

/** An application, flow or stage, with what decides about it. */
export interface BoundTarget {
  readonly mode: string
  readonly bindings: readonly Binding[]
}

/** The enabled bindings of a target, by order, with what they point at; undefined when there is no such target. */
export async function bindingsOf(db: Database, target: string): Promise<BoundTarget | undefined> {
  const rows = await db
    .select({
      mode: policyTargets.policyEngineMode,
      binding: policyBindings,
      group: groups.name,
      policy: policies,
      expression: expressionPolicies.expression,
      dummy: dummyPolicies.result,
    })
    .from(policyTargets)
    .leftJoin(policyBindings, and(eq(policyBindings.target, policyTargets.pbmUuid), eq(policyBindings.enabled, true)))
    .leftJoin(groups, eq(groups.groupUuid, policyBindings.group))
    .leftJoin(policies, eq(policies.policyUuid, policyBindings.policy))
    .leftJoin(expressionPolicies, eq(expressionPolicies.policyUuid, policies.policyUuid))
    .leftJoin(dummyPolicies, eq(dummyPolicies.policyUuid, policies.policyUuid))
    .where(eq(policyTargets.pbmUuid, target))
    .orderBy(asc(policyBindings.order), asc(policyBindings.policyBindingUuid))
  const [first] = rows
  if (first === undefined) return undefined
  return {
    mode: first.mode,
    bindings: rows.flatMap((row) => (row.binding === null ? [] : [bindingOf(row, row.binding)])),
  }
}

interface Row {
  readonly group: string | null
  readonly policy: typeof policies.$inferSelect | null
  readonly expression: string | null
  readonly dummy: boolean | null
}

function bindingOf(row: Row, binding: typeof policyBindings.$inferSelect): Binding {
  const { policyBindingUuid: uuid, negate, failureResult, timeout, user, group } = binding
  const subject = (): Binding['subject'] => {
    if (user !== null) return { kind: 'user', id: user }
    if (group !== null) return { kind: 'group', uuid: group, name: row.group ?? group }
    return { kind: 'policy', policy: policyOf(row) }
  }
  return { uuid, negate, failureResult, timeoutMs: timeout * 1000, subject: subject() }
}

function policyOf({ policy, expression, dummy }: Row): BoundPolicy {
  const name = policy?.name ?? 'unknown'
  if (expression !== null) return { kind: 'expression', name, expression }
  if (dummy !== null) return { kind: 'dummy', name, result: dummy }
  return { kind: 'unsupported', name }
}
