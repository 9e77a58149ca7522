import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import httpProxy from 'http-proxy'
import type { Logger } from '#schema/kernel/logger.ts'
import type { Application } from '../application.ts'
import type { Visitor } from '../codec/identity.ts'
import { upstreamHeaders } from '../codec/upstream-headers.ts'
import { admit } from '../modes/admission.ts'
import { hostOf } from '../modes/forward-auth.ts'
import { outgoing } from '../modes/proxy.ts'
import type { Serving } from '../server/request-router.ts'

interface Open {
  readonly socket: Duplex
  readonly application: Application
  /** Undefined on public paths, which are open to whoever comes. */
  readonly visitor: Visitor | undefined
}

/** WebSockets to applications: let in like any request, and closed when the access behind them ends. */
export class Upgrades {
  readonly #proxy = httpProxy.createProxyServer({ ws: true, xfwd: false })
  readonly #open = new Set<Open>()
  readonly #serving: () => Serving
  readonly #isTrusted: (address: string | undefined) => boolean
  readonly #log: Logger

  constructor(serving: () => Serving, isTrusted: (address: string | undefined) => boolean, log: Logger) {
    this.#serving = serving
    this.#isTrusted = isTrusted
    this.#log = log
    // Either end takes the other one with it; the library lets go of an application only when it has been told.
    this.#proxy.on('proxyReqWs', (out, _req, socket) => {
      socket.once('close', () => out.destroy())
      out.once('upgrade', (_res, application) => {
        socket.once('close', () => application.destroy())
        if (socket.destroyed) application.destroy()
      })
    })
    this.#proxy.on('error', (cause, _req, socket) => {
      log.warning('an application does not answer an upgrade', { cause })
      if ('destroy' in socket) socket.destroy()
    })
  }

  async handle(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy())
    try {
      await this.#pass(req, socket, head)
    } catch (cause) {
      this.#log.error('an upgrade failed', { cause })
      socket.destroy()
    }
  }

  /** Closes what has lost its ground. */
  recheck(): void {
    for (const { socket, application, visitor } of this.#open)
      if (visitor !== undefined && application.isOver(visitor)) socket.destroy()
  }

  close(): void {
    for (const { socket } of this.#open) socket.destroy()
    this.#proxy.close()
  }

  async #pass(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const target = req.url ?? ''
    if (!target.startsWith('/')) return refuse(socket, '400 Bad Request')
    const { byHost, upstreams } = this.#serving()
    const application = byHost.get(hostOf(req) ?? '')
    const upstream = application === undefined ? undefined : upstreams.get(application)
    if (application === undefined || upstream === undefined) return refuse(socket, '404 Not Found')
    const admission = await admit(application, req, target)
    if (admission.kind !== 'passes')
      return refuse(socket, admission.kind === 'away' ? '503 Service Unavailable' : '401 Unauthorized')
    const isTrusted = this.#isTrusted(req.socket.remoteAddress)
    const flat = upstreamHeaders(req.rawHeaders, outgoing(application, req, admission.headers, isTrusted))
    const headers: Record<string, string> = { connection: 'Upgrade', upgrade: req.headers.upgrade ?? 'websocket' }
    for (let i = 0; i + 1 < flat.length; i += 2) headers[flat[i]!.toLowerCase()] = flat[i + 1]!
    req.headers = headers
    req.url = upstream.pathOf(target)
    const open: Open = { socket, application, visitor: admission.visitor }
    this.#open.add(open)
    socket.once('close', () => this.#open.delete(open))
    this.#proxy.ws(req, socket, head, { target: upstream.origin.origin, secure: application.settings.verifiesUpstream })
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
}
