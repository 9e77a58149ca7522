import type { ErrorRequestHandler } from 'express'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { expectedResponse, RETRY_AFTER_SECONDS, setStatus } from '#core/http/error-response.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { sendNotice } from './pages.ts'

/**
 * Answers for an error that the library takes for one of the server, but that is none of ours: `temporarily_unavailable`
 * with 503, `invalid_request` with 400 (RFC 6749 §4.1.2.1). Returns whether it is one.
 */
export function answerExpected(koa: KoaContextWithOIDC, cause: unknown): boolean {
  const status = expectedResponse(cause)?.status
  if (status !== 503 && status !== 400) return false
  koa.status = status
  if (status === 503) koa.set('retry-after', RETRY_AFTER_SECONDS)
  // A page has been sent by then.
  if (koa.respond !== false) koa.body = wireError(status)
  return true
}

/** What the client is told in place of the library's words for an error of the server. */
export function wireError(status: number): { readonly error: string; readonly error_description: string } {
  return status === 503
    ? { error: 'temporarily_unavailable', error_description: 'nothing can be stored now, try again later' }
    : { error: 'invalid_request', error_description: 'the request cannot be read' }
}

/** The same for what goes wrong before the library is asked. */
export const asOidcError: ErrorRequestHandler = (error, req, res, next) => {
  const status = expectedResponse(error)?.status
  if (res.headersSent || (status !== 503 && status !== 400)) return next(error)
  const told = wireError(status)
  if (req.accepts(['json', 'html']) === 'json') return void setStatus(res, status).json(told)
  sendNotice(setStatus(res, status), status, 'Request refused', told.error_description)
}

/** The same for errors in what we do after the library. */
export function answerErrors(log: Logger) {
  return async (koa: KoaContextWithOIDC, next: () => Promise<unknown>): Promise<void> => {
    try {
      await next()
    } catch (cause) {
      if (answerExpected(koa, cause)) return
      log.error('OpenID request failed', { cause })
      koa.status = 500
      koa.body = { error: 'server_error', error_description: 'oops! something went wrong' }
    }
  }
}
