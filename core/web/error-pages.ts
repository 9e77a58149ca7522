import type { ErrorRequestHandler } from 'express'
import type { CoreContext } from '#core/context.ts'
import { expectedResponse, setStatus } from '#core/http/error-response.ts'
import { requestIdOf } from '#core/http/request-id.ts'
import { html } from './html.ts'
import { sendPage } from './page.ts'

const TITLES: Readonly<Record<number, string>> = {
  403: 'Not allowed',
  404: 'Not found',
  429: 'Too many requests',
  503: 'Try again later',
}

/** Errors for people who look at a page; whoever asks for something else gets what the API answers. */
export function errorPages(ctx: CoreContext): ErrorRequestHandler {
  return (error, req, res, next) => {
    if (res.headersSent || req.accepts(['json', 'html']) !== 'html') return next(error)
    const expected = expectedResponse(error)
    if (expected === undefined) ctx.log.error('a page failed', { request_id: requestIdOf(req), cause: error })
    const status = expected?.status ?? 500
    const title = TITLES[status] ?? (status < 500 ? 'This request cannot be read' : 'Something went wrong')
    setStatus(res, status)
    sendPage(res, {
      title,
      status,
      body: html`<h1>${title}</h1>
<p><a href="/if/user/">Back to your applications</a></p>
<p class="quiet">Request <code>${requestIdOf(req)}</code></p>`,
    })
  }
}
