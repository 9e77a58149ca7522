import type { IncomingMessage } from 'node:http'
import { eq } from 'drizzle-orm'
import type { Request, RequestHandler } from 'express'
import type { CoreContext } from '#core/context.ts'
import { activeStatus } from '#core/domain/access/active.ts'
import { userPermissions } from '#core/store/tables/users.ts'
import { loadPrincipal, type Principal, principalOf } from '#core/store/users.ts'
import { findToken } from './bearer.ts'
import { showsCsrfToken } from './csrf.ts'
import { ForbiddenError } from './http-errors.ts'
import { PermissionSet } from './permissions.ts'
import { sessionOf } from './session.ts'

/** Who calls the API. */
export type Caller =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'user'
      readonly principal: Principal
      readonly via: 'token' | 'session'
      readonly permissions: PermissionSet
    }

export type SignedInCaller = Extract<Caller, { kind: 'user' }>

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
const callers = new WeakMap<IncomingMessage, Caller>()

/** Finds out who calls the API: by token, else by session. Wrong credentials are refused, absent ones are anonymous. */
export function authenticate(ctx: CoreContext): RequestHandler {
  return async (req, _res, next) => {
    callers.set(
      req,
      req.headers.authorization === undefined
        ? await bySession(ctx, req)
        : await byToken(ctx, req.headers.authorization),
    )
    next()
  }
}

/** Who calls. */
export function callerOf(req: Request): Caller {
  return callers.get(req) ?? { kind: 'anonymous' }
}

/** Who calls; somebody who is not signed in is refused. */
export function signedIn(req: Request): SignedInCaller {
  const caller = callerOf(req)
  if (caller.kind === 'anonymous') throw new ForbiddenError('Authentication credentials were not provided.')
  return caller
}

async function byToken(ctx: CoreContext, header: string): Promise<Caller> {
  const [, scheme = '', key = ''] = /^(\S*)\s*(.*)$/s.exec(header) ?? []
  if (scheme.toLowerCase() !== 'bearer') throw new ForbiddenError('Unsupported authentication type')
  // compat: the word alone says no more than its absence.
  if (key === '') return { kind: 'anonymous' }
  const found = await findToken(ctx, key, 'api')
  const principal = found === undefined ? undefined : await principalOf(ctx, found.user)
  if (principal === undefined) throw new ForbiddenError('Token invalid/expired')
  return { kind: 'user', principal, via: 'token', permissions: await permissionsOf(ctx, principal) }
}

async function bySession(ctx: CoreContext, req: Request): Promise<Caller> {
  const session = sessionOf(req)
  const principal = session.user === undefined ? undefined : await loadPrincipal(ctx, session.user)
  if (principal === undefined || activeStatus(principal.user).kind !== 'active') return { kind: 'anonymous' }
  if (!SAFE_METHODS.has(req.method) && !showsCsrfToken(req, session.csrfToken))
    throw new ForbiddenError('CSRF Failed: CSRF token missing or incorrect.')
  return { kind: 'user', principal, via: 'session', permissions: await permissionsOf(ctx, principal) }
}

async function permissionsOf(ctx: CoreContext, principal: Principal): Promise<PermissionSet> {
  if (principal.isSuperuser) return PermissionSet.everything
  const rows = await ctx.db.select().from(userPermissions).where(eq(userPermissions.userId, principal.user.id))
  return new PermissionSet(rows)
}
