import { text } from './field.ts'

/** On every object of a polymorphic resource: which form edits it, and what it is called. */
export const presentedFields = {
  component: text({ readOnly: true }),
  verbose_name: text({ readOnly: true }),
  verbose_name_plural: text({ readOnly: true }),
  meta_model_name: text({ readOnly: true }),
}
