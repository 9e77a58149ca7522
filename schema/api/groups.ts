import { z } from 'zod'
import { computed, flag, integer, json, reference, references, text, uuid } from './field.ts'
import { resource } from './resource.ts'

const objects = () => computed(z.array(z.looseObject({})))

export const groupResource = resource({
  path: 'core/groups/',
  name: 'Group',
  model: 'authentik_core.group',
  key: { parameter: 'group_uuid', field: 'pk' },
  fields: {
    pk: uuid({ readOnly: true }),
    num_pk: integer({ readOnly: true }),
    name: text({ required: true, max: 80 }),
    is_superuser: flag(),
    parent: reference('authentik_core.group', { nullable: true }),
    parent_name: text({ readOnly: true, nullable: true }),
    parents: computed(z.array(z.string())),
    parents_obj: objects(),
    users: references('authentik_core.user', { key: 'integer' }),
    users_obj: objects(),
    attributes: json(),
    roles: computed(z.array(z.string())),
    roles_obj: objects(),
    inherited_roles_obj: objects(),
    children: computed(z.array(z.string())),
    children_obj: objects(),
  },
  filters: ['is_superuser', 'name'],
  specialFilters: {
    attributes: 'text',
    /** As later releases have it: with false, members are told by key alone. */
    include_users: 'boolean',
    members_by_pk: 'integers',
    members_by_username: 'texts',
  },
  search: ['name'],
})

export const memberFields = { pk: integer({ required: true }) }
