import { z } from 'zod'
import { choice, computed, dateTime, flag, reference, slug, text, uuid } from './field.ts'
import { resource } from './resource.ts'

export const TOKEN_INTENTS = ['verification', 'api', 'recovery', 'app_password'] as const

/** The key is in no object: it is shown and set by actions of their own. */
export const tokenResource = resource({
  path: 'core/tokens/',
  name: 'Token',
  model: 'authentik_core.token',
  key: { parameter: 'identifier', field: 'identifier' },
  fields: {
    pk: uuid({ readOnly: true }),
    managed: text({ readOnly: true, nullable: true }),
    identifier: slug({ required: true, unique: true, max: 255 }),
    intent: choice(TOKEN_INTENTS),
    user: reference('authentik_core.user', { key: 'integer', onDelete: 'CASCADE' }),
    user_obj: computed(z.looseObject({})),
    description: text(),
    expires: dateTime(),
    expiring: flag(),
  },
  filters: ['description', 'expires', 'expiring', 'identifier', 'intent', 'managed', 'user__username'],
  search: ['identifier', 'intent', 'user__username', 'description'],
  order: ['identifier', 'expires'],
})

export const tokenKeyFields = { key: text({ required: true, secret: true, verbatim: true, max: 512 }) }
