import type { Request } from 'express'
import { policyRequest } from '#core/access/policy-input.ts'
import type { CoreContext } from '#core/context.ts'
import { localPath } from '#core/domain/flow/next-url.ts'
import { type BoundStage, type FlowState, isUsable, meetsRequirement } from '#core/domain/flow/plan.ts'
import { evaluateBinding } from '#core/domain/policy/binding.ts'
import { combine, type PolicyVerdict } from '#core/domain/policy/combine.ts'
import { clientIpOf } from '#core/http/client-ip.ts'
import { type SessionHandle, sessionOf } from '#core/http/session.ts'
import { bindingsOf } from '#core/store/bindings.ts'
import { type FlowRecord, stagesOf } from '#core/store/flows.ts'
import { loadPrincipal, type Principal } from '#core/store/users.ts'
import type { ResponseErrors } from '#schema/challenge/challenge.ts'
import { isJsonObject } from '#schema/kernel/deep-merge.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import { AttemptLimiter, PASSWORD_ATTEMPTS } from './attempt-limiter.ts'
import type { StageChallenge, StageRun } from './stage.ts'
import { STAGES } from './stages.ts'

/** Where a flow stands after a step. */
export type FlowStep =
  | { readonly kind: 'challenge'; readonly challenge: StageChallenge; readonly errors?: ResponseErrors }
  /** An answer was accepted and there is more: ask again. */
  | { readonly kind: 'advanced' }
  | { readonly kind: 'done'; readonly to: string }
  | { readonly kind: 'denied'; readonly message: string; readonly identifier: string }

const NOT_APPLICABLE = 'Flow does not apply to current user.'
const MAX_RUNNING_FLOWS = 8

/** Runs flows for browsers, outposts and tests alike; the state of each is in the visitor's session, by flow. */
export class FlowExecutor {
  readonly #ctx: CoreContext
  readonly #attempts: AttemptLimiter

  constructor(ctx: CoreContext) {
    this.#ctx = ctx
    this.#attempts = new AttemptLimiter(PASSWORD_ATTEMPTS, ctx.clock)
  }

  /** The one executor of a core process: it counts attempts across all its flows. */
  static of(ctx: CoreContext): FlowExecutor {
    const known = executors.get(ctx) ?? new FlowExecutor(ctx)
    executors.set(ctx, known)
    return known
  }

  /** The current challenge, starting the flow where it has not begun; `query` is what the visitor came with. */
  async show(req: Request, flow: FlowRecord, query: URLSearchParams): Promise<FlowStep> {
    return this.#failClosed(async () => {
      const run = await this.#open(req, flow, query)
      return run.kind === 'open' ? this.#proceed(run) : run
    })
  }

  /** Judges an answer to the current challenge. */
  async answer(req: Request, flow: FlowRecord, query: URLSearchParams, body: unknown): Promise<FlowStep> {
    return this.#failClosed(async () => {
      const run = await this.#open(req, flow, query)
      if (run.kind !== 'open') return run
      const current = await this.#currentStage(run)
      if (current === undefined) return this.#finish(run)
      const challenge = await STAGES[current.kind]?.challenge(this.#stageRun(run, current))
      // An answer belongs to what was asked: another component's, or one to a stage that asks nothing, moves nothing.
      if (challenge === undefined) return this.#proceed(run)
      if (isJsonObject(body) && body['component'] !== undefined && body['component'] !== challenge.component)
        return { kind: 'challenge', challenge }
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
    const step = await this.#failClosed(async () => {
      await this.#forget({ session, flow })
      const run = await this.#open(req, flow, new URLSearchParams({ next }))
      // A refusal that is to look like a flow that was passed must still not be one here.
      if (run.kind !== 'open')
        return run.kind === 'denied' ? run : { kind: 'denied', message: NOT_APPLICABLE, identifier: '' }
      run.state.context.application = application
      if ((await this.#currentStage(run)) === undefined) return { kind: 'done', to: next }
      await this.#store(run)
      return { kind: 'advanced' }
    })
    if (step.kind === 'done') return { kind: 'done' }
    if (step.kind === 'denied') return { kind: 'denied', message: step.message }
    return { kind: 'redirect', to: `/if/flow/${flow.slug}/?${new URLSearchParams({ next })}` }
  }

  /** A policy that cannot be evaluated ends the flow: it must not look like a stage that does not apply. */
  async #failClosed(step: () => Promise<FlowStep>): Promise<FlowStep> {
    try {
      return await step()
    } catch (error) {
      if (!(error instanceof PolicyFailedError)) throw error
      await this.#ctx.events.record({
        action: 'policy_exception',
        app: 'authentik.policies',
        context: { message: error.detail },
      })
      return { kind: 'denied', message: 'A policy of this flow could not be evaluated.', identifier: '' }
    }
  }

  /** Forgets every running flow of the visitor. */
  async cancel(req: Request): Promise<void> {
    const session = sessionOf(req)
    if (session.keyHash === '') return
    delete session.data['flows']
    await session.save()
  }

  async #open(req: Request, flow: FlowRecord, query: URLSearchParams): Promise<OpenRun | FlowStep> {
    const session = sessionOf(req)
    const stages = await stagesOf(this.#ctx.db, flow.flowUuid)
    const principal = session.user === undefined ? undefined : await loadPrincipal(this.#ctx, session.user)
    const states = isJsonObject(session.data['flows']) ? (session.data['flows'] as Record<string, FlowState>) : {}
    const stored = states[flow.slug]
    const usable = stored !== undefined && isUsable(stored, flow.flowUuid, stages, this.#ctx.clock.now())
    const state: FlowState = usable
      ? stored
      : { flowUuid: flow.flowUuid, remaining: [], started: this.#ctx.clock.now(), context: {} }
    const run: OpenRun = { kind: 'open', req, session, flow, stages, principal, state, stored: usable }
    const next = localPath(query.get('next'))
    if (next !== undefined) state.context.next = next
    if (usable) return run
    const refusal = await this.#plan(run)
    return refusal ?? run
  }

  /** Fills in which stages the flow will go through, or says why it does not apply. */
  async #plan(run: OpenRun): Promise<FlowStep | undefined> {
    const { flow, principal, state, stages } = run
    const actor = { userId: principal?.user.id, isSuperuser: principal?.isSuperuser ?? false }
    if (!meetsRequirement(flow.authentication, actor)) return this.#refuse(run, NOT_APPLICABLE)
    const verdict = await this.#evaluate(run, flow.flowUuid)
    if (!verdict.passing) return this.#refuse(run, verdict.messages.join('\n') || NOT_APPLICABLE)
    const planned: string[] = []
    for (const stage of stages)
      if (!stage.evaluateOnPlan || (await this.#evaluate(run, stage.fsbUuid)).passing) planned.push(stage.fsbUuid)
    state.remaining = planned
    return undefined
  }

  /** Lets stages that ask nothing act, until one asks, one refuses, or the flow is done. */
  async #proceed(run: OpenRun): Promise<FlowStep> {
    for (;;) {
      const current = await this.#currentStage(run)
      if (current === undefined) return this.#finish(run)
      const stage = STAGES[current.kind]
      if (stage === undefined) return this.#deny(run, `Stages of kind ${current.kind} cannot be run.`)
      const challenge = await stage.challenge(this.#stageRun(run, current))
      if (challenge !== undefined) {
        if (!run.stored) await this.#store(run)
        return { kind: 'challenge', challenge }
      }
      const step = await this.#respond(run, current, undefined)
      if (step.kind !== 'advanced') return step
    }
  }

  async #respond(run: OpenRun, current: BoundStage, body: unknown): Promise<FlowStep> {
    const stage = STAGES[current.kind]
    if (stage === undefined) return this.#deny(run, `Stages of kind ${current.kind} cannot be run.`)
    const step = this.#stageRun(run, current)
    const outcome = await stage.respond(step, body)
    switch (outcome.kind) {
      case 'passed':
        run.state.remaining = run.state.remaining.slice(1)
        if (run.state.remaining.length === 0) return this.#finish(run)
        await this.#store(run)
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
    await this.#store(run)
    const now = await this.#currentStage(run)
    const challenge = now === undefined ? undefined : await STAGES[now.kind]?.challenge(this.#stageRun(run, now))
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
    const bound = await bindingsOf(this.#ctx.db, target)
    if (bound === undefined) throw new TypeError(`${target} is nothing that policies are bound to`)
    const pending = state.context.pendingUser
    const subject = pending == null ? principal : await loadPrincipal(this.#ctx, pending)
    const request = policyRequest(subject, clientIpOf(req), {
      flow: { slug: flow.slug },
      flow_plan: { ...state.context },
    })
    const results = bound.bindings.map((binding) => evaluateBinding(binding, request))
    const broken = results.find((result) => result.failed)
    if (broken !== undefined) throw new PolicyFailedError(broken.reason)
    return combine(bound.mode, results)
  }

  #stageRun({ req, session, flow, state }: OpenRun, stage: BoundStage): StageRun {
    return {
      ctx: this.#ctx,
      req,
      session,
      flow,
      stageUuid: stage.stageUuid,
      context: state.context,
      clientIp: clientIpOf(req),
      attempts: this.#attempts,
    }
  }

  async #finish(run: OpenRun): Promise<FlowStep> {
    const { next = '/', application } = run.state.context
    if (run.flow.designation === 'authorization' && application !== undefined && run.session.user !== undefined)
      run.session.data['authorized'] = { flow: run.flow.flowUuid, application: application.slug, next }
    await this.#forget(run)
    return { kind: 'done', to: next }
  }

  async #deny(run: OpenRun, message: string): Promise<FlowStep> {
    await this.#forget(run)
    return { kind: 'denied', message, identifier: run.state.context.identifier ?? '' }
  }

  #refuse(run: OpenRun, message: string): FlowStep {
    // Only an explicit `continue` leaves without a word: a redirect must not look like a flow that was passed.
    if (run.flow.deniedAction === 'continue') return { kind: 'done', to: run.state.context.next ?? '/' }
    return { kind: 'denied', message, identifier: '' }
  }

  async #store({ session, flow, state }: OpenRun): Promise<void> {
    const states = isJsonObject(session.data['flows']) ? session.data['flows'] : {}
    const others = Object.entries(states).filter(([slug]) => slug !== flow.slug)
    session.data['flows'] = Object.fromEntries([...others.slice(1 - MAX_RUNNING_FLOWS), [flow.slug, state]])
    await session.save()
  }

  async #forget({ session, flow }: Pick<OpenRun, 'session' | 'flow'>): Promise<void> {
    if (!isJsonObject(session.data['flows']) || !(flow.slug in session.data['flows'])) return
    delete session.data['flows'][flow.slug]
    if (session.keyHash !== '') await session.save()
  }
}

/** A policy that decides about a flow or stage could not be evaluated. */
export class PolicyFailedError extends MartelloError {
  override readonly code = 'MRT_POLICY_FAILED'
}

const executors = new WeakMap<CoreContext, FlowExecutor>()

export interface Authorization {
  readonly flow: FlowRecord
  readonly application: { readonly slug: string; readonly name: string }
  /** Where the browser goes on afterwards: a path of this origin. */
  readonly next: string
}

export type AuthorizationStep =
  | { readonly kind: 'done' }
  | { readonly kind: 'denied'; readonly message: string }
  | { readonly kind: 'redirect'; readonly to: string }

interface OpenRun {
  readonly kind: 'open'
  readonly req: Request
  readonly session: SessionHandle
  readonly flow: FlowRecord
  readonly stages: readonly BoundStage[]
  readonly principal: Principal | undefined
  readonly state: FlowState
  /** The state is in the session already. */
  readonly stored: boolean
}
