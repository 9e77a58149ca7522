import type { Request, Response } from 'express'
import type { CoreContext } from '#core/context.ts'
import type { Caller, SignedInCaller } from '#core/http/authentication.ts'
import { ForbiddenError } from '#core/http/http-errors.ts'
import type { Fields } from '#schema/api/resource.ts'
import type { Registry } from './registry.ts'

/**
 * Who may use a route. `objects`: everybody who is signed in, of which the handler shows and changes no more than the
 * permission allows on each object. `own`: everybody who is signed in, for what is theirs.
 */
export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'own' }
  | { readonly kind: 'objects'; readonly permission: string }
  | { readonly kind: 'permission'; readonly permission: string }
  | { readonly kind: 'superuser' }

/** Everybody, without credentials. */
export const PUBLIC: Access = { kind: 'public' }
/** Everybody who is signed in, about themselves or about nobody. */
export const OWN: Access = { kind: 'own' }
/** Superusers alone. */
export const SUPERUSER: Access = { kind: 'superuser' }

/** One request, after its caller is known and let in. */
export interface Call {
  readonly ctx: CoreContext
  readonly registry: Registry
  readonly req: Request
  readonly res: Response
  readonly caller: Caller
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly clientIp: string
  /** The parsed JSON body; read only when it is asked for. */
  body(): Promise<unknown>
}

/** An answer: JSON unless it has a `text`, nothing at all when it has neither. */
export interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is instead of JSON. */
  readonly text?: { readonly type: string; readonly content: string }
}

/** An answer of 200. */
export const ok = (body: unknown): Reply => ({ status: 200, body })
/** An answer of 204: done. */
export const NO_CONTENT: Reply = { status: 204 }

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** What the OpenAPI document says about a route beside its path. */
export interface RouteDocument {
  /** Names the component of the answer, or `list:` and the name of a page's items. */
  readonly response?: string
  readonly request?: { readonly name: string; readonly fields: Fields; readonly partial?: boolean }
  readonly query?: Readonly<Record<string, string>>
  readonly status?: number
}

/** One operation: what is not declared so cannot be reached. */
export interface Route {
  readonly method: Method
  /** Below `/api/v3/`, parameters in braces, with a slash at the end. */
  readonly path: string
  readonly operationId: string
  readonly access: Access
  /**
   * Whether outposts and controllers may ask "only if something changed since". `recorded`: the answer depends on recorded
   * changes alone, and is not even made; `content`: it is made and compared.
   */
  readonly conditional?: 'recorded' | 'content'
  readonly document?: RouteDocument
  /** What it answers with beside JSON, for clients that ask for nothing else. */
  readonly media?: readonly string[]
  handle(call: Call): Promise<Reply>
}

/** The caller of a route that is not public. */
export function userOf(call: Call): SignedInCaller {
  if (call.caller.kind === 'anonymous') throw new ForbiddenError('Authentication credentials were not provided.')
  return call.caller
}

/** Whether the caller may do everything; nobody anonymous may. */
export function isSuperuser({ caller }: Call): boolean {
  return caller.kind === 'user' && caller.principal.isSuperuser
}

/** Refuses a caller who does not hold the permission on this object. */
export function requirePermissionOn(call: Call, permission: string, pk: string): void {
  if (!userOf(call).permissions.on(permission, pk)) throw new ForbiddenError()
}

/** Refuses a caller who does not hold the permission on every object. */
export function requirePermission(call: Call, permission: string): void {
  if (!userOf(call).permissions.everywhere(permission)) throw new ForbiddenError()
}
