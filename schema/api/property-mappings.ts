import { integer, json, text, uuid } from './field.ts'
import { presentedFields } from './presented.ts'
import { resource } from './resource.ts'

export const mappingFields = {
  pk: uuid({ readOnly: true }),
  managed: text({ nullable: true, unique: true }),
  name: text({ required: true, unique: true }),
  expression: text({ required: true, verbatim: true, max: 65_536 }),
  ...presentedFields,
}
export const mappingKey = { parameter: 'pm_uuid', field: 'pk' }

export const propertyMappingResource = resource({
  path: 'propertymappings/all/',
  name: 'PropertyMapping',
  model: 'authentik_core.propertymapping',
  key: mappingKey,
  fields: mappingFields,
  filters: ['managed__isnull'],
  search: ['name'],
  operations: ['list', 'retrieve', 'destroy', 'used_by'],
})

export const mappingTestFields = { user: integer({ required: true }), context: json() }

export const scopeMappingResource = resource({
  path: 'propertymappings/scope/',
  name: 'ScopeMapping',
  model: 'authentik_providers_oauth2.scopemapping',
  key: mappingKey,
  fields: {
    ...mappingFields,
    scope_name: text({
      required: true,
      check: (name) => (/\s/.test(name) ? 'Value must not contain spaces.' : undefined),
    }),
    description: text(),
  },
  filters: ['managed', 'name', 'scope_name'],
  search: ['name', 'scope_name'],
  order: ['scope_name', 'name'],
  presentation: {
    component: 'ak-property-mapping-scope-form',
    verboseName: 'Scope Mapping',
    verboseNamePlural: 'Scope Mappings',
    description: 'Map an OAuth Scope to users properties',
  },
})
