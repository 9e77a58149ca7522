import { randomBytes } from 'node:crypto'
import type { ErrorRequestHandler, Response } from 'express'
import { DiskFullError, isDiskFull, isUnstorable } from '#core/store/store-errors.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { BadRequestError, ForbiddenError, NotFoundError, ValidationFailedError } from './http-errors.ts'
import { requestIdOf } from './request-id.ts'

/** What a peer is told of an error. */
export interface ErrorResponse {
  readonly status: number
  readonly body: unknown
}

/** The answer to an expected error, undefined for anything that is our own fault. */
export function expectedResponse(error: unknown): ErrorResponse | undefined {
  if (error instanceof ValidationFailedError) return { status: 400, body: error.fields }
  if (error instanceof NotFoundError) return { status: 404, body: { detail: error.detail } }
  // compat: 403 also without credentials, as no challenge is offered (sheet core-api §2.2).
  if (error instanceof ForbiddenError) return { status: 403, body: { detail: error.detail } }
  if (error instanceof BadRequestError) return { status: error.status, body: { detail: error.detail } }
  if (isDiskFull(error)) return { status: 503, body: { detail: new DiskFullError().detail, code: 'disk_full' } }
  if (error instanceof MartelloError && error.retryable) return { status: 503, body: { detail: error.detail } }
  if (isUnstorable(error)) return { status: 400, body: { detail: UNSTORABLE } }
  return fromFramework(error)
}

/** A disk has room again when somebody made it, a queue in less. */
export const RETRY_AFTER_SECONDS = '10'

const UNSTORABLE = 'The request has a null character, or a number out of range.'

/** What Express and its readers of bodies refuse; of a path or of compressed octets they repeat what was sent. */
function fromFramework(error: unknown): ErrorResponse | undefined {
  if (!(error instanceof Error) || !('status' in error)) return undefined
  const { status } = error
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined
  if (!('type' in error)) return { status, body: { detail: 'The request cannot be decoded.' } }
  const detail = error.type === 'entity.parse.failed' ? `JSON parse error - ${error.message}` : error.message
  return { status, body: { detail } }
}

/** Sets what goes with the status: when to come again (RFC 9110 §10.2.3). */
export function setStatus(res: Response, status: number): Response {
  if (status === 503) res.set('retry-after', RETRY_AFTER_SECONDS)
  return res.status(status)
}

/** The only place where an error becomes an HTTP answer; unexpected ones tell the peer an id and nothing else. */
export function errorHandler(log: Logger): ErrorRequestHandler {
  return (error, req, res, _next) => {
    const expected = expectedResponse(error)
    if (res.headersSent) {
      res.destroy()
      return
    }
    if (expected !== undefined) {
      setStatus(res, expected.status).json(expected.body)
      return
    }
    const errorId = randomBytes(8).toString('hex')
    log.error('a request failed', { error_id: errorId, request_id: requestIdOf(req), method: req.method, cause: error })
    res.status(500).json({ detail: 'Internal server error.', error_id: errorId })
  }
}
