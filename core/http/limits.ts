import express, { type RequestHandler } from 'express'
import { BadRequestError } from './http-errors.ts'

const BODY_LIMIT_OCTETS = 1024 * 1024
const MAX_DEPTH = 64

const parse = express.json({ limit: BODY_LIMIT_OCTETS, strict: false, type: 'application/json' })

/** Reads a JSON body into `req.body`: limits first, then JSON, then depth; another content type is refused. */
export const jsonBody: RequestHandler = (req, res, next) => {
  const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0
  if (hasBody && req.is('application/json') === false) {
    next(new BadRequestError(415, `Unsupported media type "${req.get('content-type') ?? ''}" in request.`))
    return
  }
  parse(req, res, (error?: unknown) => {
    if (error !== undefined) next(error)
    else if (!isShallow(req.body, MAX_DEPTH))
      next(new BadRequestError(400, `JSON parse error - nested deeper than ${MAX_DEPTH}`))
    else next()
  })
}

/** Reads an HTML form into `req.body`, as texts by name. */
export const formBody: RequestHandler = express.urlencoded({ limit: 64 * 1024, extended: false, parameterLimit: 100 })

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((each) => isShallow(each, levels - 1))
}
