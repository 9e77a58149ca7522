import { z } from 'zod'
import { computed, dateTime, flag, reference, text, uuid } from './field.ts'
import { NOT_WRITABLE, resource } from './resource.ts'

export const sessionResource = resource({
  path: 'core/authenticated_sessions/',
  name: 'AuthenticatedSession',
  model: 'authentik_core.authenticatedsession',
  key: { parameter: 'uuid', field: 'uuid' },
  fields: {
    uuid: uuid({ readOnly: true }),
    current: flag({ readOnly: true }),
    user_agent: computed(z.looseObject({})),
    geo_ip: computed(z.looseObject({}), { nullable: true }),
    user: reference('authentik_core.user', { key: 'integer', readOnly: true, onDelete: 'CASCADE' }),
    last_ip: text({ readOnly: true }),
    last_user_agent: text({ readOnly: true }),
    last_used: dateTime({ readOnly: true }),
    expires: dateTime({ readOnly: true }),
  },
  filters: ['last_ip', 'last_user_agent', 'user__username'],
  search: ['user__username', 'last_ip', 'last_user_agent'],
  order: ['user'],
  operations: NOT_WRITABLE,
})
