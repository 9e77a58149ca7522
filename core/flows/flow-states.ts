import type { FlowState } from '#core/domain/flow/plan.ts'
import type { SessionHandle } from '#core/http/session.ts'
import { isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'

/** A session remembers this many unfinished flows; the one stored longest ago gives way. */
const MAX_RUNNING_FLOWS = 8

/** Where the visitor stands in the flow with this slug. */
export function findState(session: SessionHandle, slug: string): FlowState | undefined {
  const states = statesOf(session)
  return Object.hasOwn(states, slug) ? (states[slug] as unknown as FlowState) : undefined
}

/** Remembers where the visitor stands, in a session that is made for it if there is none. */
export async function storeState(session: SessionHandle, slug: string, state: FlowState): Promise<void> {
  const others = Object.entries(statesOf(session)).filter(([other]) => other !== slug)
  session.data['flows'] = Object.fromEntries([...others.slice(1 - MAX_RUNNING_FLOWS), [slug, state]])
  await session.save()
}

/** Forgets where the visitor stands in the flow with this slug; what else is in the session is saved with it. */
export async function forgetState(session: SessionHandle, slug: string): Promise<void> {
  const states = statesOf(session)
  if (!Object.hasOwn(states, slug)) return
  delete states[slug]
  await session.save()
}

/** Forgets every running flow of the visitor. */
export async function forgetStates(session: SessionHandle): Promise<void> {
  if (session.data['flows'] === undefined) return
  delete session.data['flows']
  await session.save()
}

function statesOf(session: SessionHandle): JsonObject {
  const states = session.data['flows']
  return isJsonObject(states) ? states : {}
}
