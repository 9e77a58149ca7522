import { NotFoundError } from '#core/http/http-errors.ts'
import { instancesOf } from '#core/link/presence.ts'
import { ok, type Route } from './route.ts'

/** Who has applied a revocation: what the sequence number in a write's answer is for. */
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
      const instances = able.map(({ outpostUuid, uid, hostname, appliedSequence }) => ({
        outpost: outpostUuid,
        uid,
        hostname,
        applied_sequence: appliedSequence,
      }))
      const applied = instances.filter((instance) => instance.applied_sequence >= sequence).length
      return ok({ sequence, applied, connected: instances.length, instances })
    },
  },
]
