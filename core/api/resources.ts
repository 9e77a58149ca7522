import { dummyStages } from '#core/store/tables/dummy-stages.ts'
import { ownerships } from '#core/store/tables/ownerships.ts'
import { dummyStageResource } from '#schema/api/dummy-stages.ts'
import { ownershipResource } from '#schema/api/ownerships.ts'
import { applicationBinding } from './applications.ts'
import type { Binding } from './binding.ts'
import { blueprintBinding } from './blueprints.ts'
import { certificateBinding } from './certificates.ts'
import { deploymentBinding } from './deployments.ts'
import { eventBinding } from './events.ts'
import { flowBinding, flowStageBindingBinding } from './flows.ts'
import { groupBinding } from './groups.ts'
import { outpostBinding } from './outposts.ts'
import { dummyPolicyBinding, expressionPolicyBinding, policyBinding } from './policies.ts'
import { policyBindingBinding } from './policy-bindings.ts'
import { propertyMappingBinding, scopeMappingBinding } from './property-mappings.ts'
import {
  ldapProviderBinding,
  oauth2ProviderBinding,
  providerBinding,
  proxyProviderBinding,
  radiusProviderBinding,
} from './providers.ts'
import { serviceConnectionBindings } from './service-connections.ts'
import { sessionBinding } from './sessions.ts'
import { stageBindings, stageKind } from './stages.ts'
import { tenantBinding } from './tenants.ts'
import { tokenBinding } from './tokens.ts'
import { userBinding } from './users.ts'

/** Every resource of the API: one line makes one more. */
export const BINDINGS = [
  userBinding,
  groupBinding,
  tokenBinding,
  sessionBinding,
  applicationBinding,
  tenantBinding,
  certificateBinding,
  providerBinding,
  oauth2ProviderBinding,
  proxyProviderBinding,
  ldapProviderBinding,
  radiusProviderBinding,
  propertyMappingBinding,
  scopeMappingBinding,
  policyBinding,
  expressionPolicyBinding,
  dummyPolicyBinding,
  policyBindingBinding,
  flowBinding,
  flowStageBindingBinding,
  ...stageBindings,
  stageKind('dummy', dummyStageResource, dummyStages),
  outpostBinding,
  ...serviceConnectionBindings,
  deploymentBinding,
  { resource: ownershipResource, tables: [ownerships], unrecorded: true },
  blueprintBinding,
  eventBinding,
] as unknown as readonly Binding[]
