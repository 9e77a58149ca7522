import type { IncomingMessage, ServerResponse } from 'node:http'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { Application } from '../application.ts'
import { isOutpostPath, OUTPOST_PATH } from '../codec/outpost-path.ts'
import type { HttpMetrics, RequestType } from '../metrics.ts'
import { dialectOf, type ForwardAuthOptions, forwardAuth, hostOf } from '../modes/forward-auth.ts'
import { proxy } from '../modes/proxy.ts'
import type { SignIn } from '../sign-in/sign-in.ts'
import { signOut } from '../sign-in/sign-out.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { newReference, sendPage, sendUnavailable } from './reply.ts'

const PING = `${OUTPOST_PATH}/ping`

/** What is served now; swapped as a whole. */
export interface Serving {
  readonly byHost: ReadonlyMap<string, Application>
  readonly upstreams: ReadonlyMap<Application, Upstream>
}

export interface RouterOptions {
  readonly serving: () => Serving
  readonly signIn: SignIn
  readonly isTrusted: (address: string | undefined) => boolean
  readonly misconfigured: ForwardAuthOptions['misconfigured']
  readonly metrics: HttpMetrics
  readonly log: Logger
}

/** Leads each request to what answers it; the path and host are the request's own, never those it tells of. */
export class RequestRouter {
  readonly #options: RouterOptions

  constructor(options: RouterOptions) {
    this.#options = options
  }

  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const started = performance.now()
    let seen: { host: string; type: RequestType } = { host: '', type: 'outpost' }
    res.once('close', () => this.#options.metrics.took(req.method, seen.host, seen.type, performance.now() - started))
    try {
      await this.#route(req, res, (host, type) => {
        seen = { host, type }
      })
    } catch (cause) {
      this.#failed(res, cause)
    }
  }

  async #route(
    req: IncomingMessage,
    res: ServerResponse,
    note: (host: string, type: RequestType) => void,
  ): Promise<void> {
    const { serving, isTrusted, misconfigured } = this.#options
    const path = (req.url ?? '').split('?', 1)[0]!
    if (path === PING) {
      note('', 'ping')
      res.writeHead(204).end()
      return
    }
    // A target in absolute form could name another host than the one that the request is for (PX-11).
    if (!path.startsWith('/')) return notServed(res, 400)
    const { byHost, upstreams } = serving()
    const trusted = isTrusted(req.socket.remoteAddress)
    const dialect = dialectOf(path)
    if (dialect !== undefined) {
      note('', 'auth')
      const find = (host: string) => byHost.get(host)
      return forwardAuth(dialect, req, res, { find, isTrusted: trusted, misconfigured })
    }
    const host = hostOf(req)
    const application = host === undefined ? undefined : byHost.get(host)
    if (host === undefined || application === undefined) return notServed(res, host === undefined ? 400 : 404)
    if (path.includes(OUTPOST_PATH) || isOutpostPath(path)) return this.#endpoint(application, path, req, res)
    const upstream = upstreams.get(application)
    if (upstream === undefined) return notServed(res, 404)
    note(host, 'app')
    return proxy(application, req, res, { upstream, isTrusted: trusted, log: this.#options.log })
  }

  async #endpoint(application: Application, path: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { signIn } = this.#options
    const at = path.lastIndexOf(`${OUTPOST_PATH}/`)
    const name = at < 0 ? '' : path.slice(at + OUTPOST_PATH.length + 1).replace(/\/$/, '')
    if (name === 'start' && isRead(req)) return signIn.start(application, req, res)
    if (name === 'callback' && isRead(req)) return signIn.callback(application, req, res)
    if (name === 'sign_out') return signOut(application, req, res)
    notServed(res, 404)
  }

  #failed(res: ServerResponse, cause: unknown): void {
    if (res.headersSent) {
      res.destroy()
      return
    }
    if (cause instanceof CoreUnreachableError) return sendUnavailable(res)
    const reference = newReference()
    this.#options.log.error('a request failed', { reference, cause })
    sendPage(res, 500, { title: 'Something went wrong', text: 'The request could not be served.', reference })
  }
}

const isRead = ({ method }: IncomingMessage) => method === 'GET' || method === 'HEAD'

function notServed(res: ServerResponse, status: number): void {
  sendPage(res, status, { title: 'Nothing here', text: 'This outpost serves no application at this address.' })
}
