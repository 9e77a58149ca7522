import type { Request } from 'express'

const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i

/**
 * Where the peer addressed the core: scheme and host of the request, as told by a trusted proxy if there is one.
 * Undefined if the Host is nothing that a URL can be made of.
 */
export function baseUrl(req: Pick<Request, 'host' | 'protocol'>): URL | undefined {
  if (!HOST.test(req.host ?? '')) return undefined
  return URL.parse(`${req.protocol === 'https' ? 'https' : 'http'}://${req.host}`) ?? undefined
}
