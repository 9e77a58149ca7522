import { type Request, type Response, Router } from 'express'
import type { CoreContext } from '#core/context.ts'
import { showsCsrfToken } from '#core/http/csrf.ts'
import { NotFoundError } from '#core/http/http-errors.ts'
import { jsonBody } from '#core/http/limits.ts'
import { requestIdOf } from '#core/http/request-id.ts'
import { sessionOf } from '#core/http/session.ts'
import { findFlow } from '#core/store/flows.ts'
import { challengeBody, flowError } from './challenge-body.ts'
import { FlowExecutor, type FlowStep } from './executor.ts'

/**
 * The flow executor as JSON (sheet outpost-protocol §5): a challenge, or 302 to the very same address when an answer
 * was accepted and there is more.
 */
export function flowExecutorRouter(ctx: CoreContext): Router {
  const router = Router({ strict: false })
  const executor = FlowExecutor.of(ctx)

  router.get('/:slug/', (req, res) =>
    answered(ctx, req, res, async () => {
      const flow = await flowOf(ctx, req)
      const step = await executor.show(req, flow, innerQuery(req))
      return { flow, step }
    }),
  )

  router.post('/:slug/', jsonBody, (req, res) =>
    answered(ctx, req, res, async () => {
      const flow = await flowOf(ctx, req)
      const session = sessionOf(req)
      if (session.user !== undefined && !showsCsrfToken(req, session.csrfToken)) return undefined
      const step = await executor.answer(req, flow, innerQuery(req), req.body)
      return { flow, step }
    }),
  )
  return router
}

interface Answer {
  readonly flow: NonNullable<Awaited<ReturnType<typeof findFlow>>>
  readonly step: FlowStep
}

/** compat: whatever goes wrong inside a flow is a challenge that says so, with status 200. */
async function answered(
  ctx: CoreContext,
  req: Request,
  res: Response,
  work: () => Promise<Answer | undefined>,
): Promise<void> {
  res.set('cache-control', 'no-store')
  try {
    const answer = await work()
    if (answer === undefined) res.json(flowError(requestIdOf(req)))
    else if (answer.step.kind === 'advanced') res.status(302).set('location', req.originalUrl).end()
    else res.json(challengeBody(answer.flow, answer.step))
  } catch (error) {
    if (error instanceof NotFoundError) throw error
    ctx.log.error('a flow step failed', { request_id: requestIdOf(req), cause: error })
    res.json(flowError(requestIdOf(req)))
  }
}

async function flowOf(ctx: CoreContext, req: Request): Promise<Answer['flow']> {
  const flow = await findFlow(ctx.db, String(req.params['slug']))
  if (flow === undefined) throw new NotFoundError()
  return flow
}

/** The query that the visitor's page had, packed into one parameter. */
function innerQuery(req: Request): URLSearchParams {
  const packed = new URL(req.originalUrl, 'http://self.invalid').searchParams.get('query') ?? ''
  return new URLSearchParams(packed)
}
