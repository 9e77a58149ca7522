import { CONNECTION_KINDS, type ConnectionKind } from '#controllers/open-targets.ts'
import type { SettingsReader } from '#schema/kernel/settings.ts'

/** The kinds of service connections that a controller serves: all, unless some are named. */
export function readConnectionKinds(settings: SettingsReader): readonly ConnectionKind[] {
  const kinds = settings.list('controller.kinds', CONNECTION_KINDS)
  for (const kind of kinds)
    if (!CONNECTION_KINDS.some((known) => known === kind))
      settings.problem(`MARTELLO_CONTROLLER__KINDS: ${kind} is none of ${CONNECTION_KINDS.join(', ')}`)
  return CONNECTION_KINDS.filter((kind) => kinds.length === 0 || kinds.includes(kind))
}
