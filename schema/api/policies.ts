import { z } from 'zod'
import { computed, flag, integer, json, reference, text, uuid } from './field.ts'
import { presentedFields } from './presented.ts'
import { resource } from './resource.ts'

const policyFields = {
  pk: uuid({ readOnly: true }),
  name: text({ required: true, unique: true }),
  execution_logging: flag(),
  ...presentedFields,
  bound_to: integer({ readOnly: true }),
}
const key = { parameter: 'policy_uuid', field: 'pk' }

export const policyResource = resource({
  path: 'policies/all/',
  name: 'Policy',
  model: 'authentik_policies.policy',
  key,
  fields: policyFields,
  specialFilters: { bindings__isnull: 'boolean', promptstage__isnull: 'boolean' },
  search: ['name'],
  operations: ['list', 'retrieve', 'destroy', 'used_by'],
})

export const expressionPolicyResource = resource({
  path: 'policies/expression/',
  name: 'ExpressionPolicy',
  model: 'authentik_policies_expression.expressionpolicy',
  key,
  fields: { ...policyFields, expression: text({ required: true, verbatim: true, max: 65_536 }) },
  filters: ['execution_logging', 'expression', 'name', 'policy_uuid'],
  search: ['name'],
  presentation: {
    component: 'ak-policy-expression-form',
    verboseName: 'Expression Policy',
    verboseNamePlural: 'Expression Policies',
    description: 'Decides by a CEL expression.',
  },
})

export const dummyPolicyResource = resource({
  path: 'policies/dummy/',
  name: 'DummyPolicy',
  model: 'authentik_policies_dummy.dummypolicy',
  key,
  fields: { ...policyFields, result: flag(), wait_min: integer(), wait_max: integer() },
  filters: ['execution_logging', 'name', 'policy_uuid', 'result', 'wait_max', 'wait_min'],
  search: ['name'],
  presentation: {
    component: 'ak-policy-dummy-form',
    verboseName: 'Dummy Policy',
    verboseNamePlural: 'Dummy Policies',
    description: 'Always gives the same result.',
  },
})

const described = () => computed(z.looseObject({}), { nullable: true })

export const policyBindingResource = resource({
  path: 'policies/bindings/',
  name: 'PolicyBinding',
  model: 'authentik_policies.policybinding',
  key: { parameter: 'policy_binding_uuid', field: 'pk' },
  fields: {
    pk: uuid({ readOnly: true }),
    policy: reference('authentik_policies.policy', { nullable: true, onDelete: 'CASCADE' }),
    group: reference('authentik_core.group', { nullable: true, onDelete: 'CASCADE' }),
    user: reference('authentik_core.user', { key: 'integer', nullable: true, onDelete: 'CASCADE' }),
    policy_obj: described(),
    group_obj: described(),
    user_obj: described(),
    target: reference('authentik_policies.policybindingmodel', { required: true }),
    negate: flag(),
    enabled: flag(),
    order: integer({ required: true }),
    timeout: integer({ min: 0 }),
    failure_result: flag(),
  },
  filters: ['enabled', 'order', 'policy', 'policy__isnull', 'target', 'timeout'],
  specialFilters: { target_in: 'uuids' },
  search: ['policy__name'],
  order: ['target', 'order'],
})

export const policyTestFields = { user: integer({ required: true }), context: json() }
