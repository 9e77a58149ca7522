import { flag, json, reference, text, uuid } from './field.ts'
import { resource } from './resource.ts'

const FLOW = 'authentik_flows.flow'

export const tenantResource = resource({
  path: 'core/tenants/',
  name: 'Tenant',
  model: 'authentik_tenants.tenant',
  key: { parameter: 'tenant_uuid', field: 'tenant_uuid' },
  fields: {
    tenant_uuid: uuid({ readOnly: true }),
    domain: text({ required: true, unique: true }),
    default: flag(),
    branding_title: text(),
    flow_authentication: reference(FLOW, { nullable: true }),
    flow_invalidation: reference(FLOW, { nullable: true }),
    web_certificate: reference('authentik_crypto.certificatekeypair', { nullable: true }),
    attributes: json(),
  },
  filters: [
    'branding_title',
    'default',
    'domain',
    'flow_authentication',
    'flow_invalidation',
    'tenant_uuid',
    'web_certificate',
  ],
  search: ['domain', 'branding_title'],
  order: ['domain'],
})
