/** A stage as bound to a flow, without what it does. */
export interface BoundStage {
  readonly fsbUuid: string
  readonly stageUuid: string
  readonly kind: string
  readonly name: string
  readonly evaluateOnPlan: boolean
  readonly reEvaluatePolicies: boolean
  readonly invalidResponseAction: string
}

/** Who is signed in; undefined: nobody. */
export interface FlowActor {
  readonly userId: number | undefined
  readonly isSuperuser: boolean
}

/** Whether the flow's `authentication` requirement lets this visitor run it; an unknown requirement lets nobody. */
export function meetsRequirement(requirement: string, actor: FlowActor): boolean {
  switch (requirement) {
    case 'none':
      return true
    case 'require_authenticated':
      return actor.userId !== undefined
    case 'require_unauthenticated':
      return actor.userId === undefined
    case 'require_superuser':
      return actor.userId !== undefined && actor.isSuperuser
    default:
      return false
  }
}

/**
 * Where a running flow stands. It lives in the session, under the flow's slug, and names bindings, not settings:
 * what a stage does is read when it is reached.
 */
export interface FlowState {
  readonly flowUuid: string
  /** Bindings still to go through, the current one first. */
  remaining: readonly string[]
  /** Milliseconds since the epoch. */
  readonly started: number
  context: FlowContext
}

/** What stages have found out so far. */
export interface FlowContext {
  /** What was typed to identify; echoed, whether somebody has that name or not. */
  identifier?: string
  /** Who was identified; null: nobody has that name. */
  pendingUser?: number | null
  /** Evidence that `pendingUser` is who is there; only stages that verified something write it. */
  authenticated?: { readonly userId: number; readonly method: string; readonly passwordChanged: number }
  /** Failed answers to the current stage. */
  attempts?: number
  /** Where to go in the end; checked when it is written. */
  next?: string
  /** What is being opened, for the title and for provider authorization flows. */
  application?: { readonly slug: string; readonly name: string }
}

const MAX_AGE_MS = 30 * 60_000

/** Whether a stored plan can go on: for the flow as it is now, and not left lying for too long. */
export function isUsable(state: FlowState, flowUuid: string, stages: readonly BoundStage[], now: number): boolean {
  const known = new Set(stages.map((stage) => stage.fsbUuid))
  return (
    state.flowUuid === flowUuid &&
    now - state.started < MAX_AGE_MS &&
    state.remaining.length > 0 &&
    state.remaining.every((uuid) => known.has(uuid))
  )
}
