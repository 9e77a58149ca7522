import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Request, RequestHandler } from 'express'

const ids = new WeakMap<IncomingMessage, string>()

/** Names each request, in the log and to the peer. */
export const requestId: RequestHandler = (req, res, next) => {
  const id = randomUUID().replaceAll('-', '')
  ids.set(req, id)
  res.set('x-authentik-id', id)
  next()
}

/** 32 hexadecimal digits: what a user can report and an administrator can search for. */
export function requestIdOf(req: Request): string {
  return ids.get(req) ?? ''
}
