import type { Response } from 'express'
import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider'
import { setStatus } from '#core/http/error-response.ts'
import { type Html, html } from '#core/web/html.ts'
import { sendPage } from '#core/web/page.ts'
import { answerExpected, wireError } from './expected-errors.ts'
import { outerRequest } from './inner-request.ts'

/** A page with nothing but what the user has to know. */
export function sendNotice(res: Response, status: number, title: string, ...lines: readonly (string | Html)[]): void {
  sendPage(res, { status, title, body: html`<h1>${title}</h1>${lines.map((line) => html`<p>${line}</p>`)}` })
}

/** The library's errors that cannot be sent to the application, as a page for the user. */
export function renderOidcError(koa: KoaContextWithOIDC, out: ErrorOut, cause: unknown): void {
  koa.respond = false
  const isExpected = answerExpected(koa, cause)
  const { error, error_description } = isExpected ? wireError(koa.status) : out
  const text = error_description ?? 'The request cannot be answered.'
  const res = outerRequest(koa.req).res!
  sendNotice(setStatus(res, koa.status), koa.status, 'Request refused', text, html`<code>${error}</code>`)
}
