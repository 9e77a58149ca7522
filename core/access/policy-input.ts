import type { PolicyRequest } from '#core/domain/policy/binding.ts'
import type { Principal } from '#core/store/users.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'

/** What policies are told about a user (nobody, in a flow that has not identified one) and the request. */
export function policyRequest(principal: Principal | undefined, clientIp: string, context: JsonObject): PolicyRequest {
  return {
    userId: principal?.user.id,
    groupUuids: new Set(principal?.groups.map((group) => group.groupUuid)),
    input: { user: principal === undefined ? {} : describe(principal), request: { client_ip: clientIp }, context },
  }
}

function describe({ user, uid, groups, isSuperuser, attributes }: Principal): JsonObject {
  return {
    pk: user.id,
    uid,
    username: user.username,
    name: user.name,
    email: user.email,
    type: user.type,
    is_active: user.isActive,
    is_superuser: isSuperuser,
    groups: groups.map((group) => group.name),
    attributes,
  }
}
