import type { Request, Response } from 'express'
import type { CoreContext } from '#core/context.ts'
import { PermissionSet } from '#core/http/permissions.ts'
import type { Database } from '#core/store/database.ts'
import type { UserRecord } from '#core/store/users.ts'
import { Registry } from './registry.ts'
import { BINDINGS } from './resources.ts'
import type { Call } from './route.ts'

/** Who writes when the core itself does. It is nobody that could sign in. */
function systemUser(now: Date): UserRecord {
  return {
    id: 0,
    uuid: '00000000-0000-0000-0000-000000000000',
    username: 'system',
    name: 'System',
    email: '',
    isActive: true,
    path: '',
    type: 'internal_service_account',
    attributes: {},
    password: null,
    passwordChangeDate: now,
    lastLogin: null,
    dateJoined: now,
  }
}

/**
 * A call that the core makes to its own resources, inside a transaction: what a blueprint says goes through the same
 * validation, writes and records as what a client sends.
 */
export function systemCall(ctx: CoreContext, db: Database, because: string): Call {
  const user = systemUser(new Date(ctx.clock.now()))
  const req = { originalUrl: `/${because}`, method: 'APPLY' } as Request
  return {
    ctx: { ...ctx, db },
    registry: new Registry(BINDINGS),
    req,
    res: {} as Response,
    caller: {
      kind: 'user',
      via: 'token',
      permissions: PermissionSet.everything,
      principal: { user, uid: '', groups: [], isSuperuser: true, attributes: {} },
    },
    params: {},
    query: new URLSearchParams(),
    clientIp: '',
    body: async () => ({}),
  }
}
