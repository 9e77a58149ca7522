import { dateTime, json, text, uuid } from './field.ts'
import { resource } from './resource.ts'

/** What keeps an object of the core: something outside that says what it should be, such as a custom resource. */
export const ownershipResource = resource({
  path: 'core/ownerships/',
  name: 'Ownership',
  model: 'authentik_core.ownership',
  key: { parameter: 'uuid', field: 'pk' },
  fields: {
    pk: uuid({ readOnly: true }),
    /** `<app>.<model>` of the object. */
    model: text({ required: true, max: 100 }),
    /** `<model>/<key>`, the key as paths of the API have it: one owner to each. */
    object: text({ required: true, max: 200, unique: 'This object has an owner.' }),
    /** Never of two things, not even one after the other. */
    owner: text({ required: true, max: 200, unique: 'This owner has an object.' }),
    /** Where people find the owner. */
    source: text({ required: true, max: 1000 }),
    /** What the owner wrote last, without secrets: what differs now was changed by somebody else. */
    applied: json(),
    created: dateTime({ readOnly: true }),
  },
  filters: ['model', 'object', 'owner'],
  search: ['source', 'object'],
  order: ['source'],
})
