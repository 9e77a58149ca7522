import { z } from 'zod'
import { choice, computed, flag, reference, references, slug, text, url, uuid } from './field.ts'
import { resource } from './resource.ts'

/** How the bindings of a policy target are combined. */
export const policyEngineMode = () => choice(['all', 'any'])

export const applicationResource = resource({
  path: 'core/applications/',
  name: 'Application',
  model: 'authentik_core.application',
  key: { parameter: 'slug', field: 'slug' },
  fields: {
    pk: uuid({ readOnly: true }),
    name: text({ required: true }),
    slug: slug({ required: true, unique: 'Application with this slug already exists.', max: 50 }),
    provider: reference('authentik_core.provider', {
      key: 'integer',
      nullable: true,
      unique: 'Application with this provider already exists.',
    }),
    provider_obj: computed(z.looseObject({}), { nullable: true }),
    backchannel_providers: references('authentik_core.provider', { key: 'integer' }),
    backchannel_providers_obj: computed(z.array(z.looseObject({}))),
    launch_url: text({ readOnly: true, nullable: true }),
    open_in_new_tab: flag(),
    meta_launch_url: url(['http', 'https', 'blank']),
    meta_icon: text({ readOnly: true, nullable: true }),
    meta_icon_url: text({ readOnly: true, nullable: true }),
    meta_icon_themed_urls: text({ readOnly: true, nullable: true }),
    meta_description: text(),
    meta_publisher: text(),
    policy_engine_mode: policyEngineMode(),
    group: text(),
  },
  filters: ['group', 'meta_description', 'meta_launch_url', 'meta_publisher', 'name', 'slug'],
  specialFilters: { superuser_full_list: 'boolean' },
  search: ['name', 'slug', 'meta_launch_url', 'meta_description', 'meta_publisher', 'group'],
})
