import express, { type RequestHandler } from 'express'
import { BadRequestError } from './http-errors.ts'

const BODY_LIMIT_OCTETS = 1024 * 1024
const MAX_DEPTH = 64

const readOctets = express.raw({ limit: BODY_LIMIT_OCTETS, type: 'application/json' })

/** Reads a JSON body into `req.body`: limits first, then UTF-8, JSON and depth; another content type is refused. */
export const jsonBody: RequestHandler = (req, res, next) => {
  const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0
  if (hasBody && req.is('application/json') === false) {
    next(new BadRequestError(415, `Unsupported media type "${req.get('content-type') ?? ''}" in request.`))
    return
  }
  readOctets(req, res, (error?: unknown) => {
    if (error !== undefined) return next(error)
    try {
      req.body = Buffer.isBuffer(req.body) && req.body.length > 0 ? parseJson(req.body) : undefined
      next()
    } catch (problem) {
      next(problem)
    }
  })
}

/** Refuses a path with a null character: nothing is called so, and the database cannot even be asked for it. */
export const plainPath: RequestHandler = (req, _res, next) =>
  next(req.path.includes('%00') ? new BadRequestError(400, 'The path has a null character.') : undefined)

const readForm = express.urlencoded({ limit: 64 * 1024, extended: false, parameterLimit: 100 })

/** Reads an HTML form into `req.body`, as texts by name; whatever is no form has no fields. */
export const formBody: RequestHandler = (req, res, next) =>
  readForm(req, res, (error?: unknown) => {
    req.body ??= {}
    next(error)
  })

function parseJson(octets: Uint8Array): unknown {
  const value = decode(octets)
  if (!isShallow(value, MAX_DEPTH))
    throw new BadRequestError(400, `JSON parse error - nested deeper than ${MAX_DEPTH} levels`)
  return value
}

function decode(octets: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets))
  } catch {
    throw new BadRequestError(400, 'JSON parse error - the body is not JSON in UTF-8')
  }
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((each) => isShallow(each, levels - 1))
}
