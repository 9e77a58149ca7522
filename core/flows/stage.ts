import type { CoreContext } from '#core/context.ts'
import type { FlowContext } from '#core/domain/flow/plan.ts'
import type { SessionHandle } from '#core/http/session.ts'
import type { FlowRecord } from '#core/store/flows.ts'
import type { ChallengeBase, ResponseErrors } from '#schema/challenge/challenge.ts'
import type { AttemptLimiter } from './attempt-limiter.ts'

/** One step of one visitor through one stage. */
export interface StageRun {
  readonly ctx: CoreContext
  readonly session: SessionHandle
  readonly flow: FlowRecord
  readonly stageUuid: string
  /** What stages have found out; changes are stored when the step ends. */
  readonly context: FlowContext
  readonly clientIp: string
  /** The visitor wants this: no page of somebody else can have caused the request. */
  readonly isDeliberate: boolean
  readonly attempts: AttemptLimiter
}

/** A stage's own part of a challenge; the executor adds `type`, `flow_info` and errors. */
export type StageChallenge = { readonly component: string } & Omit<ChallengeBase, 'type' | 'component'> &
  Readonly<Record<string, unknown>>

/** What a stage makes of an answer; only `passed` goes on. */
export type StageOutcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'invalid'; readonly errors: ResponseErrors }
  | { readonly kind: 'denied'; readonly message: string }

/** What a kind of stage does. One folder each; the registry is `stages.ts`. */
export interface StageExecutor {
  /** What to ask; undefined when the stage acts without an answer. */
  challenge(run: StageRun): Promise<StageChallenge | undefined>
  /** Judges an answer. Called with undefined for a stage that asks nothing. */
  respond(run: StageRun, answer: unknown): Promise<StageOutcome>
}

/** The stage has its evidence. */
export const PASSED: StageOutcome = { kind: 'passed' }

/** A refusal of one field of the answer; the whole answer is `non_field_errors`. */
export function invalid(field: string, string: string, code = 'invalid'): StageOutcome {
  return { kind: 'invalid', errors: { [field]: [{ string, code }] } }
}
