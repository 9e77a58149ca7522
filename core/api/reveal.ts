import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { type Call, requirePermissionOn, userOf } from './route.ts'

/** A secret that is shown on request, and what is kept about that. */
export interface ShownSecret {
  /** Beside the one to see the object that it belongs to. */
  readonly permission: string
  readonly pk: string
  readonly app: string
  /** Names the object and the kind of secret; never holds it. */
  readonly context: JsonObject
}

/** Lets a caller see a secret who holds its own permission, and keeps who looked; anybody else is a ForbiddenError. */
export async function admitToSecret(call: Call, { permission, pk, app, context }: ShownSecret): Promise<void> {
  requirePermissionOn(call, permission, pk)
  await noteShown(call, { app, context })
}

/** Keeps that the caller was shown secrets. */
export async function noteShown(call: Call, { app, context }: Pick<ShownSecret, 'app' | 'context'>): Promise<void> {
  const { id, username, email } = userOf(call).principal.user
  await call.ctx.events.record({
    action: 'secret_view',
    app,
    user: { pk: id, username, email },
    clientIp: call.clientIp,
    context,
  })
}
