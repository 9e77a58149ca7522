import { type Request, type Response, Router } from 'express'
import type { CoreContext } from '#core/context.ts'
import { flowInfo } from '#core/flows/challenge-body.ts'
import { FlowExecutor, type FlowStep } from '#core/flows/executor.ts'
import { showsCsrfToken } from '#core/http/csrf.ts'
import { NotFoundError } from '#core/http/http-errors.ts'
import { formBody } from '#core/http/limits.ts'
import { sessionOf } from '#core/http/session.ts'
import { type FlowRecord, findFlow } from '#core/store/flows.ts'
import { challengePage } from './challenge-page.ts'
import { html } from './html.ts'
import { sendPage } from './page.ts'

/**
 * Flows as plain pages: each challenge is a form, each accepted answer a redirect. A flow that signs out starts only
 * with a POST, so that no link on somebody else's page can do it.
 */
export function flowPages(ctx: CoreContext): Router {
  const executor = FlowExecutor.of(ctx)
  const router = Router()

  router.get('/if/flow/:slug/', async (req, res) => {
    const flow = await flowOf(ctx, req)
    if (flow.designation === 'invalidation' && sessionOf(req).user !== undefined) return confirm(req, res, flow)
    await present(req, res, flow, await executor.show(req, flow, queryOf(req)))
  })

  router.post('/if/flow/:slug/', formBody, async (req, res) => {
    const flow = await flowOf(ctx, req)
    const session = sessionOf(req)
    const { csrf, ...answer } = req.body as Record<string, unknown>
    if (session.keyHash === '' || !showsCsrfToken(req, session.csrfToken, csrf ?? '')) return expired(req, res)
    const last = Object.fromEntries(
      Object.entries(answer).map(([name, value]) => [name, Array.isArray(value) ? value.at(-1) : value]),
    )
    const step =
      flow.designation === 'invalidation'
        ? await executor.show(req, flow, queryOf(req))
        : await executor.answer(req, flow, queryOf(req), last)
    await present(req, res, flow, step)
  })
  return router
}

async function flowOf(ctx: CoreContext, req: Request): Promise<FlowRecord> {
  const flow = await findFlow(ctx.db, String(req.params['slug']))
  if (flow === undefined) throw new NotFoundError()
  return flow
}

const queryOf = (req: Request) => new URL(req.originalUrl, 'http://self.invalid').searchParams

function present(req: Request, res: Response, flow: FlowRecord, step: FlowStep): void {
  if (step.kind === 'advanced') res.redirect(303, req.originalUrl)
  else if (step.kind === 'done') res.redirect(303, step.to)
  else if (step.kind === 'denied')
    sendPage(res, { title: 'Access denied', status: 403, body: deniedPage(step.message) })
  else {
    const { title } = flowInfo(flow)
    const { challenge, errors } = step
    const body = challengePage({ title, action: req.originalUrl, csrf: sessionOf(req).csrfToken, challenge, errors })
    sendPage(res, { title, body, status: errors === undefined ? 200 : 422 })
  }
}

const deniedPage = (message: string) => html`<h1>Access denied</h1>
<p class="problem" role="alert">${message}</p>
<p><a href="/if/user/">Back to your applications</a></p>`

function confirm(req: Request, res: Response, flow: FlowRecord): void {
  sendPage(res, {
    title: 'Sign out',
    body: html`<h1>Sign out?</h1>
<form method="post" action="/if/flow/${flow.slug}/${new URL(req.originalUrl, 'http://self.invalid').search}">
<input type="hidden" name="csrf" value="${sessionOf(req).csrfToken}">
<button type="submit">Sign out</button>
</form>
<p><a href="/if/user/">Stay signed in</a></p>`,
  })
}

/** The page was left open for too long, or its session has ended meanwhile: start again, with the same goal. */
function expired(req: Request, res: Response): void {
  sendPage(res, {
    title: 'Start again',
    status: 403,
    body: html`<h1>This page has expired</h1><p>Your browser sent no valid session with this form.</p><p><a href="${req.originalUrl}">Start again</a></p>`,
  })
}
