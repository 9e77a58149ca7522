import { IncomingMessage } from 'node:http'
import type { Request } from 'express'
import { OIDC_ROOT } from './urls.ts'

const outerOf = new WeakMap<IncomingMessage, Request>()

/** What the library is to see of a request. */
export interface InnerRequest {
  /** Path and query below `/application/o`. */
  readonly path: string
  /** Where the core was validly addressed; the library believes nothing else. */
  readonly base: URL
  readonly form?: URLSearchParams
}

/**
 * The request as the provider library gets it: our path, the validated address, and the form that was already read.
 * No header of the peer decides what the library believes about the connection.
 */
export function innerRequest(req: Request, { path, base, form }: InnerRequest): IncomingMessage {
  const inner = new IncomingMessage(req.socket)
  const { 'x-forwarded-for': _, ...headers } = req.headers
  Object.assign(inner, {
    method: req.method,
    httpVersion: req.httpVersion,
    httpVersionMajor: req.httpVersionMajor,
    httpVersionMinor: req.httpVersionMinor,
    url: path,
    originalUrl: OIDC_ROOT + path,
    headers: {
      ...headers,
      // Errors are JSON, whatever the peer would rather read.
      accept: 'application/json',
      host: base.host,
      'x-forwarded-host': base.host,
      'x-forwarded-proto': base.protocol.slice(0, -1),
    },
    complete: true,
  })
  if (form !== undefined) {
    const body = Buffer.from(form.toString())
    inner.headers['content-type'] = 'application/x-www-form-urlencoded'
    inner.headers['content-length'] = String(body.length)
    inner.push(body)
  }
  inner.push(null)
  outerOf.set(inner, req)
  return inner
}

/** The request of the peer that an inner one stands for. */
export function outerRequest(inner: IncomingMessage): Request {
  const outer = outerOf.get(inner)
  if (outer === undefined) throw new TypeError('not an inner request')
  return outer
}
