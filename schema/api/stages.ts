import { z } from 'zod'
import { choices, computed, duration, flag, integer, reference, text, uuid, uuids } from './field.ts'
import { presentedFields } from './presented.ts'
import { resource } from './resource.ts'

const FLOW = 'authentik_flows.flow'

export const stageFields = {
  pk: uuid({ readOnly: true }),
  name: text({ required: true, unique: true }),
  ...presentedFields,
  flow_set: computed(z.array(z.looseObject({}))),
}
export const stageKey = { parameter: 'stage_uuid', field: 'pk' }

export const stageResource = resource({
  path: 'stages/all/',
  name: 'Stage',
  model: 'authentik_flows.stage',
  key: stageKey,
  fields: stageFields,
  filters: ['name'],
  search: ['name'],
  operations: ['list', 'retrieve', 'destroy', 'used_by'],
})

export const identificationStageResource = resource({
  path: 'stages/identification/',
  name: 'IdentificationStage',
  model: 'authentik_stages_identification.identificationstage',
  key: stageKey,
  fields: {
    ...stageFields,
    user_fields: choices(['email', 'username', 'upn']),
    password_stage: reference('authentik_stages_password.passwordstage', { nullable: true }),
    case_insensitive_matching: flag(),
    show_matched_user: flag(),
    enrollment_flow: reference(FLOW, { nullable: true }),
    recovery_flow: reference(FLOW, { nullable: true }),
    passwordless_flow: reference(FLOW, { nullable: true }),
    sources: uuids(),
    show_source_labels: flag(),
  },
  filters: [
    'case_insensitive_matching',
    'enrollment_flow',
    'name',
    'password_stage',
    'passwordless_flow',
    'recovery_flow',
    'show_matched_user',
    'show_source_labels',
  ],
  search: ['name'],
  presentation: {
    component: 'ak-stage-identification-form',
    verboseName: 'Identification Stage',
    verboseNamePlural: 'Identification Stages',
    description: 'Allows the user to identify themselves for authentication.',
  },
})

export const PASSWORD_BACKENDS = [
  'authentik.core.auth.InbuiltBackend',
  'authentik.core.auth.TokenBackend',
  'authentik.sources.ldap.auth.LDAPBackend',
] as const

export const passwordStageResource = resource({
  path: 'stages/password/',
  name: 'PasswordStage',
  model: 'authentik_stages_password.passwordstage',
  key: stageKey,
  fields: {
    ...stageFields,
    backends: choices(PASSWORD_BACKENDS, { required: true }),
    configure_flow: reference(FLOW, { nullable: true }),
    failed_attempts_before_cancel: integer(),
  },
  filters: ['configure_flow', 'failed_attempts_before_cancel', 'name'],
  search: ['name'],
  presentation: {
    component: 'ak-stage-password-form',
    verboseName: 'Password Stage',
    verboseNamePlural: 'Password Stages',
    description: 'Prompts the user for their password, and validates it against the configured backends.',
  },
})

export const userLoginStageResource = resource({
  path: 'stages/user_login/',
  name: 'UserLoginStage',
  model: 'authentik_stages_user_login.userloginstage',
  key: stageKey,
  fields: {
    ...stageFields,
    session_duration: duration({ blank: false }),
    terminate_other_sessions: flag(),
    remember_me_offset: duration({ blank: false }),
  },
  filters: ['name', 'remember_me_offset', 'session_duration', 'stage_uuid', 'terminate_other_sessions'],
  search: ['name'],
  presentation: {
    component: 'ak-stage-user-login-form',
    verboseName: 'User Login Stage',
    verboseNamePlural: 'User Login Stages',
    description: 'Attaches the currently pending user to the current session.',
  },
})

export const userLogoutStageResource = resource({
  path: 'stages/user_logout/',
  name: 'UserLogoutStage',
  model: 'authentik_stages_user_logout.userlogoutstage',
  key: stageKey,
  fields: stageFields,
  filters: ['name', 'stage_uuid'],
  search: ['name'],
  presentation: {
    component: 'ak-stage-user-logout-form',
    verboseName: 'User Logout Stage',
    verboseNamePlural: 'User Logout Stages',
    description: 'Resets the users current session.',
  },
})
