import { NotFoundError } from '#core/http/http-errors.ts'
import { instancesOf, isLinked } from '#core/link/presence.ts'
import { ok, type Route } from './route.ts'

/**
 * Who has applied a revocation: what the sequence number in a write's answer is for. `applied` counts among the
 * `connected` instances; the others in the list have not been heard of since `last_seen`, and may serve what they know.
 */
export const revocationRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: 'outposts/revocations/{sequence}/',
    operationId: 'outposts_revocations_retrieve',
    access: { kind: 'permission', permission: 'authentik_outposts.view_outpost' },
    document: { response: 'RevocationState' },
    async handle(call) {
      const sequence = Number(call.params['sequence'])
      if (!Number.isSafeInteger(sequence) || sequence < 1) throw new NotFoundError()
      const able = (await instancesOf(call.ctx)).filter(({ capabilities }) => capabilities.includes('applied'))
      const instances = able.map((instance) => ({
        outpost: instance.outpostUuid,
        uid: instance.uid,
        hostname: instance.hostname,
        connected: isLinked(call.ctx, instance),
        last_seen: instance.lastSeen.toISOString(),
        applied_sequence: instance.appliedSequence,
      }))
      const linked = instances.filter(({ connected }) => connected)
      const applied = linked.filter((instance) => instance.applied_sequence >= sequence)
      return ok({ sequence, applied: applied.length, connected: linked.length, instances })
    },
  },
]
