import type { IncomingMessage } from 'node:http'
import type { Request, RequestHandler } from 'express'
import type { CoreContext } from '#core/context.ts'
import { parseAddress, plainAddress } from '#schema/kernel/networks.ts'
import { findToken } from './bearer.ts'

interface Client {
  readonly address: string
  readonly isVouchedFor: boolean
}

const clients = new WeakMap<IncomingMessage, Client>()

/**
 * Finds out for whom a request is made: the peer, the forwarded address when a trusted proxy tells it (Express does
 * that), or the end user's address when an outpost's own service account vouches for it (sheet outpost-protocol §5.7).
 */
export function clientAddress(ctx: CoreContext): RequestHandler {
  return async (req, _res, next) => {
    const told = req.get('x-authentik-remote-ip')
    const key = req.get('x-authentik-outpost-token')
    const forwarded = parseAddress(req.ip ?? '') === undefined ? undefined : req.ip
    const peer = plainAddress(forwarded ?? req.socket.remoteAddress ?? '')
    const vouched = told !== undefined && key !== undefined && parseAddress(told) !== undefined
    const token = vouched ? await findToken(ctx, key, 'api') : undefined
    const isVouchedFor = token?.user.type === 'internal_service_account'
    clients.set(req, { address: isVouchedFor ? plainAddress(told!) : peer, isVouchedFor })
    next()
  }
}

/** The address that policies, limits and audit events go by. */
export function clientIpOf(req: Request): string {
  return clientOf(req).address
}

/** Whether an outpost makes the request for somebody: one that browsers cannot be made to send. */
export function isVouchedFor(req: Request): boolean {
  return clientOf(req).isVouchedFor
}

function clientOf(req: Request): Client {
  const client = clients.get(req)
  if (client === undefined) throw new TypeError('the client address is not known before clientAddress has run')
  return client
}
