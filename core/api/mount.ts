import { createHash } from 'node:crypto'
import { type NextFunction, type Request, type Response, Router } from 'express'
import type { CoreContext } from '#core/context.ts'
import { authenticate, callerOf } from '#core/http/authentication.ts'
import { clientIpOf } from '#core/http/client-ip.ts'
import { BadRequestError, ForbiddenError, NotFoundError } from '#core/http/http-errors.ts'
import { jsonBody } from '#core/http/limits.ts'
import type { Registry } from './registry.ts'
import { type Access, type Call, type Method, type Reply, type Route, requirePermission, userOf } from './route.ts'

/** The routes as a router: nothing is reachable that is not declared, and nothing is declared without an access. */
export function mount(ctx: CoreContext, registry: Registry, routes: readonly Route[]): Router {
  const router = Router({ strict: true, caseSensitive: true })
  router.use(authenticate(ctx))
  const byPath = Map.groupBy(routes, ({ path }) => path)
  for (const path of [...byPath.keys()].sort(literalFirst)) {
    const methods = new Map(byPath.get(path)!.map((route) => [route.method, route]))
    const pattern = `/${path.replaceAll(/\{(\w+)\}/g, ':$1')}`
    router.all(pattern, (req, res) => serve(callFor(ctx, registry, req, res), methods))
    router.get(pattern.replace(/\/$/, ''), addSlash)
  }
  router.use((_req, _res, next) => next(new NotFoundError()))
  return router
}

/** A literal segment wins over a parameter: `users/me/` is not the user "me". */
function literalFirst(a: string, b: string): number {
  const key = (path: string) => path.replaceAll('{', '\uffff')
  return key(a) < key(b) ? -1 : 1
}

function addSlash(req: Request, res: Response, next: NextFunction): void {
  const at = req.originalUrl.indexOf('?')
  const [path, query] = at < 0 ? [req.originalUrl, ''] : [req.originalUrl.slice(0, at), req.originalUrl.slice(at)]
  if (path.endsWith('/')) next()
  else res.redirect(301, `${path}/${query}`)
}

async function serve(call: Call, methods: ReadonlyMap<Method, Route>): Promise<void> {
  const { req, res } = call
  const route = methods.get((req.method === 'HEAD' ? 'GET' : req.method) as Method)
  if (route === undefined) {
    userOf(call)
    res.set('allow', [...methods.keys()].join(', '))
    throw new BadRequestError(405, `Method "${req.method}" not allowed.`)
  }
  admit(call, route.access)
  if (req.accepts(['json', 'application/vnd.oai.openapi', ...(route.media ?? [])]) === false)
    throw new BadRequestError(406, 'Could not satisfy the request Accept header.')
  if (!mayAskAgain(call)) return send(res, await route.handle(call), undefined)
  const early = route.conditional === 'recorded' ? await etagOfChanges(call) : undefined
  if (isKnown(req, early)) return notModified(res, early)
  const reply = await route.handle(call)
  const etag = route.conditional === 'content' && reply.status === 200 ? etagOf([reply.body]) : early
  if (isKnown(req, etag)) notModified(res, etag)
  else send(res, reply, etag)
}

/** Whether the caller is one that asks the same again and again: an outpost, a controller. */
const mayAskAgain = ({ req, caller }: Call): boolean =>
  req.method === 'GET' && caller.kind === 'user' && caller.principal.user.type === 'internal_service_account'

const isKnown = (req: Request, etag: string | undefined): etag is string =>
  etag !== undefined && req.headers['if-none-match'] === etag

const notModified = (res: Response, etag: string) => void res.status(304).set('etag', etag).end()

function callFor(ctx: CoreContext, registry: Registry, req: Request, res: Response): Call {
  return {
    ctx,
    registry,
    req,
    res,
    caller: callerOf(req),
    params: req.params as Record<string, string>,
    query: new URL(req.originalUrl, 'http://self.invalid').searchParams,
    clientIp: clientIpOf(req),
    body: () =>
      new Promise((resolve, reject) =>
        jsonBody(req, res, (error?: unknown) => (error === undefined ? resolve(req.body) : reject(error))),
      ),
  }
}

function admit(call: Call, access: Access): void {
  switch (access.kind) {
    case 'public':
      return
    case 'own':
    case 'objects':
      userOf(call)
      return
    case 'permission':
      requirePermission(call, access.permission)
      return
    case 'superuser':
      if (!userOf(call).principal.isSuperuser) throw new ForbiddenError()
      return
    default:
      throw new TypeError(`no such access: ${access satisfies never}`)
  }
}

/**
 * Names what an outpost would be answered now: the newest change of anything, who asks, and how it reached us. Taken
 * before the answer is made, so that a change in between is never missed.
 */
async function etagOfChanges({ ctx, caller, req }: Call): Promise<string> {
  const user = caller.kind === 'user' ? caller.principal.user.id : undefined
  return etagOf([await ctx.feed.revision(), user, req.protocol, req.host, req.originalUrl])
}

const etagOf = (parts: readonly unknown[]): string =>
  `W/"${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}"`

function send(res: Response, { status, body, headers = {}, text }: Reply, etag: string | undefined): void {
  res.status(status).set({ 'cache-control': 'no-store', ...headers })
  if (etag !== undefined) res.set({ etag, 'cache-control': 'private, no-cache' })
  if (text !== undefined) res.type(text.type).send(text.content)
  else if (body === undefined) res.end()
  else res.json(body)
}
