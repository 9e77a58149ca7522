import { type Request, type Response, Router } from 'express'
import type { CoreContext } from '#core/context.ts'
import { FlowExecutor, type FlowStep, type Visit } from '#core/flows/executor.ts'
import { isFromOurPage, showsCsrfToken } from '#core/http/csrf.ts'
import { NotFoundError } from '#core/http/http-errors.ts'
import { formBody } from '#core/http/limits.ts'
import { requestIdOf } from '#core/http/request-id.ts'
import { sessionOf } from '#core/http/session.ts'
import { findFlow } from '#core/store/flows.ts'
import { challengePage } from './challenge-page.ts'
import { html } from './html.ts'
import { type Page, sendPage } from './page.ts'

/**
 * Flows as plain pages: each challenge is a form, each accepted answer a redirect. A flow that signs out starts only
 * with a POST, so that no link on somebody else's page can do it.
 */
export function flowPages(ctx: CoreContext): Router {
  const executor = FlowExecutor.of(ctx)
  const router = Router()

  router.get('/if/flow/:slug/', async (req, res) => {
    const visit = await visitOf(ctx, req, false)
    const isSignOut = visit.flow.designation === 'invalidation' && sessionOf(req).user !== undefined
    if (isSignOut) sendPage(res, confirmPage(req))
    else present(res, visit, await executor.show(visit))
  })

  router.post('/if/flow/:slug/', formBody, async (req, res) => {
    const session = sessionOf(req)
    const { csrf, ...fields } = req.body as Record<string, string | string[]>
    if (session.keyHash === '' || !isFromOurPage(req) || !showsCsrfToken(req, session.csrfToken, csrf ?? ''))
      return sendPage(res, expiredPage(req))
    const visit = await visitOf(ctx, req, true)
    const answer = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, [value].flat().at(-1)]))
    const isSignOut = visit.flow.designation === 'invalidation'
    present(res, visit, isSignOut ? await executor.show(visit) : await executor.answer(visit, answer))
  })
  return router
}

async function visitOf(ctx: CoreContext, req: Request, isDeliberate: boolean): Promise<Visit> {
  const flow = await findFlow(ctx.db, String(req.params['slug']))
  if (flow === undefined) throw new NotFoundError()
  return { req, flow, query: new URLSearchParams(searchOf(req)), isDeliberate }
}

const searchOf = (req: Request) => new URL(req.originalUrl, 'http://self.invalid').search

function present(res: Response, { req }: Visit, step: FlowStep): void {
  switch (step.kind) {
    case 'advanced':
      return res.redirect(303, req.originalUrl)
    case 'done':
      return res.redirect(303, step.to)
    case 'denied':
      return sendPage(res, deniedPage(req, step.message))
    case 'challenge': {
      const { challenge, errors } = step
      const { title } = challenge.flow_info
      const form = { action: req.originalUrl, cancel: `/flows/-/cancel/${searchOf(req)}` }
      const body = challengePage({ ...form, csrf: sessionOf(req).csrfToken, challenge, errors })
      return sendPage(res, { title, body, status: errors === undefined ? 200 : 422 })
    }
    default:
      return step satisfies never
  }
}

const deniedPage = (req: Request, message: string): Page => ({
  title: 'Access denied',
  status: 403,
  body: html`<h1>Access denied</h1>
<p class="problem" role="alert">${message}</p>
<p><a href="/flows/-/cancel/${searchOf(req)}">Start again</a></p>
<p><a href="/if/user/">Back to your applications</a></p>
<p class="quiet">Request <code>${requestIdOf(req)}</code></p>`,
})

const confirmPage = (req: Request): Page => ({
  title: 'Sign out',
  body: html`<h1>Sign out?</h1>
<form method="post" action="${req.originalUrl}">
<input type="hidden" name="csrf" value="${sessionOf(req).csrfToken}">
<button type="submit">Sign out</button>
</form>
<p><a href="/if/user/">Stay signed in</a></p>`,
})

/** The page was left open for too long, or its session has ended meanwhile: start again, with the same goal. */
const expiredPage = (req: Request): Page => ({
  title: 'Start again',
  status: 403,
  body: html`<h1>This page has expired</h1>
<p>Your browser sent no valid session with this form.</p>
<p><a href="${req.originalUrl}">Start again</a></p>`,
})
