import type { Request } from 'express'
import type { CoreContext } from '#core/context.ts'
import { findFlowById } from '#core/store/flows.ts'
import { type Authorization, type AuthorizationStep, FlowExecutor } from './executor.ts'

/** A visitor's wish to open an application, by the provider's flow; null: it has none. */
export interface AuthorizationRequest extends Omit<Authorization, 'flow'> {
  readonly flowUuid: string | null
}

/** Takes the visitor through a provider's authorization flow; a provider without one authorizes nobody. */
export async function startAuthorizationFlow(
  ctx: CoreContext,
  req: Request,
  request: AuthorizationRequest,
): Promise<AuthorizationStep> {
  const { flowUuid, application, next } = request
  const flow = flowUuid === null ? undefined : await findFlowById(ctx.db, flowUuid)
  if (flow === undefined) return { kind: 'denied', message: 'The provider has no authorization flow.' }
  return FlowExecutor.of(ctx).authorize(req, { flow, application, next })
}
