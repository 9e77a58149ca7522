import { z } from 'zod'
import { policyEngineMode } from './applications.ts'
import { choice, computed, flag, integer, reference, slug, text, uuid, uuids } from './field.ts'
import { resource } from './resource.ts'

export const DESIGNATIONS = [
  'authentication',
  'authorization',
  'invalidation',
  'enrollment',
  'unenrollment',
  'recovery',
  'stage_configuration',
] as const

export const flowResource = resource({
  path: 'flows/instances/',
  name: 'Flow',
  model: 'authentik_flows.flow',
  key: { parameter: 'slug', field: 'slug' },
  fields: {
    pk: uuid({ readOnly: true }),
    policybindingmodel_ptr_id: uuid({ readOnly: true }),
    name: text({ required: true }),
    slug: slug({ required: true, unique: 'Flow with this slug already exists.', max: 50 }),
    title: text({ required: true }),
    designation: choice(DESIGNATIONS, { required: true }),
    background: text({ readOnly: true }),
    stages: uuids({ readOnly: true }),
    policies: uuids({ readOnly: true }),
    cache_count: integer({ readOnly: true }),
    policy_engine_mode: policyEngineMode(),
    compatibility_mode: flag(),
    export_url: text({ readOnly: true }),
    layout: choice(['stacked', 'content_left', 'content_right', 'sidebar_left', 'sidebar_right']),
    denied_action: choice(['message_continue', 'message', 'continue']),
    authentication: choice(['none', 'require_authenticated', 'require_unauthenticated', 'require_superuser']),
  },
  filters: ['denied_action', 'designation', 'flow_uuid', 'name', 'slug'],
  search: ['name', 'slug', 'designation', 'title'],
  order: ['slug'],
})

export const flowBindingResource = resource({
  path: 'flows/bindings/',
  name: 'FlowStageBinding',
  model: 'authentik_flows.flowstagebinding',
  key: { parameter: 'fsb_uuid', field: 'pk' },
  fields: {
    pk: uuid({ readOnly: true }),
    policybindingmodel_ptr_id: uuid({ readOnly: true }),
    target: reference('authentik_flows.flow', { required: true }),
    stage: reference('authentik_flows.stage', { required: true }),
    stage_obj: computed(z.looseObject({})),
    evaluate_on_plan: flag(),
    re_evaluate_policies: flag(),
    order: integer({ required: true }),
    policy_engine_mode: policyEngineMode(),
    invalid_response_action: choice(['retry', 'restart', 'restart_with_context']),
  },
  filters: [
    'evaluate_on_plan',
    'fsb_uuid',
    'invalid_response_action',
    'order',
    'pbm_uuid',
    'policy_engine_mode',
    're_evaluate_policies',
    'stage',
    'target',
  ],
  specialFilters: { policies: 'uuids' },
  search: ['stage__name'],
  order: ['target', 'order'],
})
