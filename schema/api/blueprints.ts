import { choice, dateTime, flag, json, text, texts, uuid } from './field.ts'
import { resource } from './resource.ts'

export const blueprintResource = resource({
  path: 'managed/blueprints/',
  name: 'BlueprintInstance',
  model: 'authentik_blueprints.blueprintinstance',
  key: { parameter: 'instance_uuid', field: 'pk' },
  fields: {
    pk: uuid({ readOnly: true }),
    name: text({ required: true, unique: true }),
    path: text(),
    context: json(),
    last_applied: dateTime({ readOnly: true }),
    last_applied_hash: text({ readOnly: true }),
    status: choice(['successful', 'warning', 'error', 'orphaned', 'unknown'], { readOnly: true }),
    enabled: flag(),
    managed_models: texts({ readOnly: true }),
    metadata: json({ readOnly: true }),
    content: text({ verbatim: true, max: 1_000_000 }),
  },
  filters: ['name', 'path'],
  search: ['name', 'path'],
})
