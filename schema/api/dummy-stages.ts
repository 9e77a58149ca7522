import { flag } from './field.ts'
import { resource } from './resource.ts'
import { stageFields, stageKey } from './stages.ts'

export const dummyStageResource = resource({
  path: 'stages/dummy/',
  name: 'DummyStage',
  model: 'authentik_stages_dummy.dummystage',
  key: stageKey,
  fields: { ...stageFields, throw_error: flag() },
  filters: ['name', 'stage_uuid', 'throw_error'],
  search: ['name'],
  presentation: {
    component: 'ak-stage-dummy-form',
    verboseName: 'Dummy Stage',
    verboseNamePlural: 'Dummy Stages',
    description: 'Used for debugging.',
  },
})
