import type { Request } from 'express'
import { policyRequest } from '#core/access/policy-input.ts'
import type { CoreContext } from '#core/context.ts'
import { activeStatus } from '#core/domain/access/active.ts'
import { localPath } from '#core/domain/flow/next-url.ts'
import { type BoundStage, type FlowState, isUsable, meetsRequirement } from '#core/domain/flow/plan.ts'
import type { PolicyVerdict } from '#core/domain/policy/combine.ts'
import { clientIpOf, isVouchedFor } from '#core/http/client-ip.ts'
import { BadRequestError } from '#core/http/http-errors.ts'
import { type SessionHandle, sessionOf } from '#core/http/session.ts'
import { type FlowRecord, stagesOf } from '#core/store/flows.ts'
import { loadPrincipal, type Principal } from '#core/store/users.ts'
import type { FlowInfo, ResponseErrors } from '#schema/challenge/challenge.ts'
import { isJsonObject } from '#schema/kernel/deep-merge.ts'
import { AttemptLimiter, PASSWORD_ATTEMPTS } from './attempt-limiter.ts'
import { ANONYMOUS_CALLS, CallLimiter } from './call-limiter.ts'
import { evaluateTarget, PolicyFailedError } from './evaluate-target.ts'
import { flowInfo } from './flow-info.ts'
import { findState, forgetState, forgetStates, storeState } from './flow-states.ts'
import type { StageChallenge, StageRun } from './stage.ts'
import { STAGES } from './stages.ts'

/** One request to a flow. */
export interface Visit {
  readonly req: Request
  readonly flow: FlowRecord
  /** What the visitor's page came with. */
  readonly query: URLSearchParams
  /** No page of somebody else can have caused the request: it showed the session's token, or an outpost made it. */
  readonly isDeliberate: boolean
}

/** A challenge without its `type`, which the JSON interface adds. */
export type PresentedChallenge = StageChallenge & { readonly flow_info: FlowInfo }

/** Where a flow stands after a step. */
export type FlowStep =
  | { readonly kind: 'challenge'; readonly challenge: PresentedChallenge; readonly errors?: ResponseErrors }
  /** An answer was accepted and there is more: ask again. */
  | { readonly kind: 'advanced' }
  | { readonly kind: 'done'; readonly to: string }
  | { readonly kind: 'denied'; readonly message: string; readonly identifier: string }

const NOT_APPLICABLE = 'Flow does not apply to current user.'
const OTHER_STEP: ResponseErrors = {
  non_field_errors: [{ string: 'The answer belongs to another step.', code: 'invalid' }],
}

/** Runs flows for browsers, outposts and tests alike; the state of each is in the visitor's session, by flow. */
export class FlowExecutor {
  readonly #ctx: CoreContext
  readonly #attempts: AttemptLimiter
  readonly #calls: CallLimiter

  constructor(ctx: CoreContext) {
    this.#ctx = ctx
    this.#attempts = new AttemptLimiter(PASSWORD_ATTEMPTS, ctx.clock)
    this.#calls = new CallLimiter(ANONYMOUS_CALLS, ctx.clock)
  }

  /** The one executor of a core process: it counts calls and attempts across all its flows. */
  static of(ctx: CoreContext): FlowExecutor {
    const known = executors.get(ctx) ?? new FlowExecutor(ctx)
    executors.set(ctx, known)
    return known
  }

  /** The current challenge, starting the flow where it has not begun. */
  async show(visit: Visit): Promise<FlowStep> {
    return this.#failClosed(visit, async () => {
      const run = await this.#open(visit)
      return run.kind === 'open' ? this.#proceed(run) : run
    })
  }

  /** Judges an answer to the current challenge. */
  async answer(visit: Visit, body: unknown): Promise<FlowStep> {
    return this.#failClosed(visit, async () => {
      const run = await this.#open(visit)
      if (run.kind !== 'open') return run
      const current = await this.#currentStage(run)
      const challenge = current === undefined ? undefined : await this.#ask(run, current)
      // An answer belongs to what was asked: another component's, or one to a stage that asks nothing, moves nothing.
      if (current === undefined || challenge === undefined) return this.#proceed(run)
      if (isJsonObject(body) && body['component'] !== undefined && body['component'] !== challenge.component)
        return { kind: 'challenge', challenge, errors: OTHER_STEP }
      return this.#respond(run, current, body)
    })
  }

  /**
   * The authorization flow of a provider, for an application: `done` when it has no stage that applies, or has just
   * been completed in this session for this application and `next`; else the page to send the browser to.
   */
  async authorize(req: Request, { flow, application, next }: Authorization): Promise<AuthorizationStep> {
    const session = sessionOf(req)
    const proof = session.data['authorized']
    if (
      isJsonObject(proof) &&
      proof['flow'] === flow.flowUuid &&
      proof['application'] === application.slug &&
      proof['next'] === next
    ) {
      delete session.data['authorized']
      await session.save()
      return { kind: 'done' }
    }
    const step = await this.#failClosed({ req, flow }, async () => {
      await forgetState(session, flow.slug)
      const run = await this.#open({ req, flow, query: new URLSearchParams({ next }), isDeliberate: false })
      // A refusal that is to look like a flow that was passed must still not be one here.
      if (run.kind !== 'open') return run.kind === 'denied' ? run : denied(NOT_APPLICABLE)
      run.state.context.application = application
      if ((await this.#currentStage(run)) === undefined) return { kind: 'done', to: next }
      await storeState(session, flow.slug, run.state)
      return { kind: 'advanced' }
    })
    if (step.kind === 'done') return { kind: 'done' }
    if (step.kind === 'denied') return { kind: 'denied', message: step.message }
    return { kind: 'redirect', to: `/if/flow/${flow.slug}/?${new URLSearchParams({ next })}` }
  }

  /** Forgets every running flow of the visitor. */
  async cancel(req: Request): Promise<void> {
    await forgetStates(sessionOf(req))
  }

  /** A policy that cannot be evaluated ends the flow: it must not look like a stage that does not apply. */
  async #failClosed({ req, flow }: Pick<Visit, 'req' | 'flow'>, step: () => Promise<FlowStep>): Promise<FlowStep> {
    try {
      return await step()
    } catch (error) {
      if (!(error instanceof PolicyFailedError)) throw error
      await this.#ctx.events.record({
        action: 'policy_exception',
        app: 'authentik.policies',
        clientIp: clientIpOf(req),
        context: { message: error.detail, flow: flow.slug },
      })
      return denied('A policy of this flow could not be evaluated.')
    }
  }

  async #open(visit: Visit): Promise<OpenRun | FlowStep> {
    const { req, flow, query } = visit
    const session = sessionOf(req)
    if (session.user === undefined && !isVouchedFor(req) && !this.#calls.admits(clientIpOf(req)))
      throw new BadRequestError(429, 'Request was throttled.')
    const stages = await stagesOf(this.#ctx.db, flow.flowUuid)
    const principal = await this.#visitor(session)
    const now = this.#ctx.clock.now()
    const stored = findState(session, flow.slug)
    const isStored = stored !== undefined && isUsable(stored, flow.flowUuid, stages, now)
    const state = isStored ? stored : { flowUuid: flow.flowUuid, remaining: [], started: now, context: {} }
    const next = localPath(query.get('next'))
    if (next !== undefined) state.context.next = next
    const run: OpenRun = { ...visit, kind: 'open', session, stages, principal, state, isStored }
    return isStored ? run : ((await this.#plan(run)) ?? run)
  }

  async #visitor({ user }: SessionHandle): Promise<Principal | undefined> {
    const principal = user === undefined ? undefined : await loadPrincipal(this.#ctx, user)
    return principal !== undefined && activeStatus(principal.user).kind === 'active' ? principal : undefined
  }

  /** Fills in which stages the flow will go through, or says why it does not apply. */
  async #plan(run: OpenRun): Promise<FlowStep | undefined> {
    const { flow, principal, state, stages } = run
    const actor = { userId: principal?.user.id, isSuperuser: principal?.isSuperuser ?? false }
    if (!meetsRequirement(flow.authentication, actor)) return refuse(run, NOT_APPLICABLE)
    const verdict = await this.#evaluate(run, flow.flowUuid)
    if (!verdict.passing) return refuse(run, verdict.messages.join('\n') || NOT_APPLICABLE)
    const planned: string[] = []
    for (const stage of stages)
      if (!stage.evaluateOnPlan || (await this.#evaluate(run, stage.fsbUuid)).passing) planned.push(stage.fsbUuid)
    // Clients take a redirect for a sign-in that has worked.
    if (planned.length === 0 && flow.designation === 'authentication') return denied(NOT_APPLICABLE)
    state.remaining = planned
    return undefined
  }

  /** Lets stages that ask nothing act, until one asks, one refuses, or the flow is done. */
  async #proceed(run: OpenRun): Promise<FlowStep> {
    for (;;) {
      const current = await this.#currentStage(run)
      if (current === undefined) return this.#finish(run)
      const challenge = await this.#ask(run, current)
      if (challenge !== undefined) {
        if (!run.isStored) await storeState(run.session, run.flow.slug, run.state)
        return { kind: 'challenge', challenge }
      }
      const step = await this.#respond(run, current, undefined)
      if (step.kind !== 'advanced') return step
    }
  }

  async #ask(run: OpenRun, current: BoundStage): Promise<PresentedChallenge | undefined> {
    const challenge = await STAGES[current.kind]?.challenge(this.#stageRun(run, current))
    const flow_info = flowInfo(run.flow, run.state.context.application?.name)
    return challenge === undefined ? undefined : { flow_info, ...challenge }
  }

  async #respond(run: OpenRun, current: BoundStage, body: unknown): Promise<FlowStep> {
    const stage = STAGES[current.kind]
    if (stage === undefined) return this.#deny(run, `Stages of kind ${current.kind} cannot be run.`)
    const outcome = await stage.respond(this.#stageRun(run, current), body)
    switch (outcome.kind) {
      case 'passed':
        run.state.remaining = run.state.remaining.slice(1)
        if (run.state.remaining.length === 0) return this.#finish(run)
        await storeState(run.session, run.flow.slug, run.state)
        return { kind: 'advanced' }
      case 'denied':
        return this.#deny(run, outcome.message)
      case 'invalid':
        return this.#invalid(run, current, outcome.errors)
      default:
        return outcome satisfies never
    }
  }

  /** What the binding says is to happen after a wrong answer. */
  async #invalid(run: OpenRun, current: BoundStage, errors: ResponseErrors): Promise<FlowStep> {
    if (current.invalidResponseAction !== 'retry') {
      const { next, application } = run.state.context
      const kept = current.invalidResponseAction === 'restart_with_context' ? run.state.context : { next, application }
      run.state.context = JSON.parse(JSON.stringify(kept))
      const refusal = await this.#plan(run)
      if (refusal !== undefined) return refusal
    }
    await storeState(run.session, run.flow.slug, run.state)
    const now = await this.#currentStage(run)
    const challenge = now === undefined ? undefined : await this.#ask(run, now)
    return challenge === undefined ? { kind: 'advanced' } : { kind: 'challenge', challenge, errors }
  }

  /** The next stage that applies; stages whose policies refuse are left out, an error in a policy ends the flow. */
  async #currentStage(run: OpenRun): Promise<BoundStage | undefined> {
    for (;;) {
      const [uuid] = run.state.remaining
      const stage = run.stages.find((each) => each.fsbUuid === uuid)
      if (uuid === undefined || stage === undefined) return undefined
      if (!stage.reEvaluatePolicies || (await this.#evaluate(run, stage.fsbUuid)).passing) return stage
      run.state.remaining = run.state.remaining.slice(1)
    }
  }

  async #evaluate({ principal, state, req, flow }: OpenRun, target: string): Promise<PolicyVerdict> {
    const pending = state.context.pendingUser
    const subject = pending == null ? principal : await loadPrincipal(this.#ctx, pending)
    const context = { flow: { slug: flow.slug }, flow_plan: { ...state.context } }
    return evaluateTarget(this.#ctx, target, policyRequest(subject, clientIpOf(req), context))
  }

  #stageRun({ req, session, flow, state, isDeliberate }: OpenRun, stage: BoundStage): StageRun {
    return {
      ctx: this.#ctx,
      session,
      flow,
      stageUuid: stage.stageUuid,
      context: state.context,
      clientIp: clientIpOf(req),
      isDeliberate,
      attempts: this.#attempts,
    }
  }

  async #finish({ session, flow, state, principal }: OpenRun): Promise<FlowStep> {
    const { next = '/', application } = state.context
    // The proof is stored together with the state's end: only `authorize`, which stores it, names an application.
    if (flow.designation === 'authorization' && application !== undefined && principal !== undefined)
      session.data['authorized'] = { flow: flow.flowUuid, application: application.slug, next }
    await forgetState(session, flow.slug)
    return { kind: 'done', to: next }
  }

  async #deny({ session, flow, state }: OpenRun, message: string): Promise<FlowStep> {
    await forgetState(session, flow.slug)
    return denied(message, state.context.identifier)
  }
}

const executors = new WeakMap<CoreContext, FlowExecutor>()

function denied(message: string, identifier = ''): FlowStep {
  return { kind: 'denied', message, identifier }
}

function refuse({ flow, state }: OpenRun, message: string): FlowStep {
  // Only an explicit `continue` leaves without a word: a redirect must not look like a flow that was passed.
  return flow.deniedAction === 'continue' ? { kind: 'done', to: state.context.next ?? '/' } : denied(message)
}

/** An authorization flow that is run for an application. */
export interface Authorization {
  readonly flow: FlowRecord
  readonly application: { readonly slug: string; readonly name: string }
  /** Where the browser goes on afterwards: a path of this origin. */
  readonly next: string
}

/** What becomes of it; `to` is where the browser is to go, to come back to `next` afterwards. */
export type AuthorizationStep =
  | { readonly kind: 'done' }
  | { readonly kind: 'denied'; readonly message: string }
  | { readonly kind: 'redirect'; readonly to: string }

interface OpenRun extends Visit {
  readonly kind: 'open'
  readonly session: SessionHandle
  readonly stages: readonly BoundStage[]
  /** Who is signed in; an inactive user is nobody. */
  readonly principal: Principal | undefined
  readonly state: FlowState
  /** The state is in the session already. */
  readonly isStored: boolean
}
