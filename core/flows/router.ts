import { type ErrorRequestHandler, type Request, type Response, Router } from 'express'
import type { CoreContext } from '#core/context.ts'
import { isVouchedFor } from '#core/http/client-ip.ts'
import { showsCsrfToken } from '#core/http/csrf.ts'
import { expectedResponse } from '#core/http/error-response.ts'
import { NotFoundError } from '#core/http/http-errors.ts'
import { jsonBody } from '#core/http/limits.ts'
import { requestIdOf } from '#core/http/request-id.ts'
import { sessionOf } from '#core/http/session.ts'
import { findFlow } from '#core/store/flows.ts'
import { challengeBody, flowError } from './challenge-body.ts'
import { FlowExecutor, type FlowStep, type Visit } from './executor.ts'

/**
 * The flow executor as JSON (sheet outpost-protocol §5): a challenge, or 302 to the very same address when an answer
 * was accepted and there is more.
 */
export function flowExecutorRouter(ctx: CoreContext): Router {
  const router = Router()
  const executor = FlowExecutor.of(ctx)

  router.get('/:slug/', async (req, res) => {
    const visit = await visitOf(ctx, req)
    reply(res, visit, await executor.show(visit))
  })

  router.post('/:slug/', jsonBody, async (req, res) => {
    const visit = await visitOf(ctx, req)
    if (sessionOf(req).user !== undefined && !visit.isDeliberate) res.json(flowError(requestIdOf(req)))
    else reply(res, visit, await executor.answer(visit, req.body))
  })

  router.all('/:slug/', (req, res) => void res.json(flowError(requestIdOf(req))))
  router.use(asChallenge(ctx))
  return router
}

async function visitOf(ctx: CoreContext, req: Request): Promise<Visit> {
  const flow = await findFlow(ctx.db, String(req.params['slug']))
  if (flow === undefined) throw new NotFoundError()
  // The query that the visitor's page had is packed into one parameter.
  const packed = new URL(req.originalUrl, 'http://self.invalid').searchParams.get('query') ?? ''
  const isDeliberate = isVouchedFor(req) || showsCsrfToken(req, sessionOf(req).csrfToken)
  return { req, flow, query: new URLSearchParams(packed), isDeliberate }
}

function reply(res: Response, { req, flow }: Visit, step: FlowStep): void {
  res.set('cache-control', 'no-store')
  if (step.kind === 'advanced') res.status(302).set('location', req.originalUrl).end()
  else res.json(challengeBody(flow, step))
}

/** Statuses that clients are to see as such: no such flow, come back later. */
const TOLD = new Set([404, 429, 503])

/** compat: whatever else goes wrong is a challenge that says so, with status 200. */
function asChallenge(ctx: CoreContext): ErrorRequestHandler {
  return (error, req, res, next) => {
    const expected = expectedResponse(error)
    if (res.headersSent || (expected !== undefined && TOLD.has(expected.status))) return next(error)
    if (expected === undefined) ctx.log.error('a flow step failed', { request_id: requestIdOf(req), cause: error })
    res.json(flowError(requestIdOf(req)))
  }
}
