import { z } from 'zod'
import { choice, computed, dateTime, email, flag, integer, json, references, text, uuid } from './field.ts'
import { resource } from './resource.ts'

export const USER_TYPES = ['internal', 'external', 'service_account', 'internal_service_account'] as const

function pathProblem(path: string): string | undefined {
  if (path.startsWith('/') || path.endsWith('/')) return 'No leading or trailing slashes allowed.'
  return path.includes('//') ? 'No empty segments in user path allowed.' : undefined
}

export const userResource = resource({
  path: 'core/users/',
  name: 'User',
  model: 'authentik_core.user',
  key: { parameter: 'id', field: 'pk' },
  fields: {
    pk: integer({ readOnly: true }),
    username: text({ required: true, unique: true, max: 150, canonical: (name) => name.normalize('NFKC') }),
    name: text({ required: true, blank: true }),
    is_active: flag(),
    last_login: dateTime({ readOnly: true, nullable: true }),
    date_joined: dateTime({ readOnly: true }),
    is_superuser: flag({ readOnly: true }),
    groups: references('authentik_core.group'),
    groups_obj: computed(z.array(z.looseObject({}))),
    roles: computed(z.array(z.string())),
    roles_obj: computed(z.array(z.looseObject({}))),
    email: email(),
    avatar: text({ readOnly: true }),
    attributes: json(),
    uid: text({ readOnly: true }),
    path: text({ check: pathProblem, blank: false }),
    type: choice(USER_TYPES),
    uuid: uuid({ readOnly: true }),
    password_change_date: dateTime({ readOnly: true }),
    last_updated: dateTime({ readOnly: true }),
  },
  filters: ['email', 'is_active', 'name', 'path', 'type', 'username', 'uuid'],
  specialFilters: {
    attributes: 'text',
    groups_by_name: 'texts',
    groups_by_pk: 'uuids',
    /** As later releases have it: with false, groups are told by key alone. */
    include_groups: 'boolean',
    is_superuser: 'boolean',
    path_startswith: 'text',
  },
  search: ['username', 'name', 'email', 'uuid'],
  order: ['username'],
})

/** Everybody about themselves. */
export const userSelfFields = {
  pk: integer({ readOnly: true }),
  username: text({ readOnly: true }),
  name: text({ readOnly: true }),
  is_active: flag({ readOnly: true }),
  is_superuser: flag({ readOnly: true }),
  groups: computed(z.array(z.object({ name: z.string(), pk: z.string() }))),
  roles: computed(z.array(z.looseObject({}))),
  email: text({ readOnly: true }),
  avatar: text({ readOnly: true }),
  uid: text({ readOnly: true }),
  settings: computed(z.looseObject({})),
  type: choice(USER_TYPES, { readOnly: true }),
  system_permissions: computed(z.array(z.string())),
}

export const passwordFields = {
  password: text({ required: true, secret: true, verbatim: true, max: 4096 }),
}

export const serviceAccountFields = {
  name: text({ required: true, max: 150, canonical: (name) => name.normalize('NFKC') }),
  create_group: flag(),
  expiring: flag(),
  expires: dateTime(),
}
