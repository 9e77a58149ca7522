import { dateTime, json, text, uuid } from './field.ts'
import { resource } from './resource.ts'

/** Events cannot be changed; they end by their retention. */
export const eventResource = resource({
  path: 'events/events/',
  name: 'Event',
  model: 'authentik_events.event',
  key: { parameter: 'event_uuid', field: 'pk' },
  fields: {
    pk: uuid({ readOnly: true }),
    user: json({ readOnly: true }),
    action: text({ required: true, max: 255 }),
    app: text({ required: true, max: 255 }),
    context: json(),
    client_ip: text({ nullable: true, max: 64 }),
    created: dateTime({ readOnly: true }),
    expires: dateTime({ readOnly: true }),
    tenant: json({ readOnly: true }),
  },
  filters: ['action', 'client_ip'],
  specialFilters: {
    context_authorized_app: 'text',
    context_model_app: 'text',
    context_model_name: 'text',
    context_model_pk: 'text',
    tenant_name: 'text',
    username: 'text',
  },
  search: ['pk', 'user', 'action', 'app', 'client_ip'],
  order: ['-created'],
  operations: ['list', 'retrieve', 'create'],
})
