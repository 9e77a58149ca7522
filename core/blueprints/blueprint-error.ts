import { MartelloError } from '#schema/kernel/errors.ts'

/** A blueprint that cannot be applied; nothing of it was. The detail names the entry and the field, never a value. */
export class BlueprintError extends MartelloError {
  override readonly code = 'MRT_BLUEPRINT'
}
