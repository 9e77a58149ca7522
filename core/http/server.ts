import { sql } from 'drizzle-orm'
import express, { type Express, type RequestHandler, type Router } from 'express'
import type { CoreContext } from '#core/context.ts'
import { isIn, parseNetwork } from '#schema/kernel/networks.ts'
import { clientAddress } from './client-ip.ts'
import { errorHandler, setStatus } from './error-response.ts'
import { NotFoundError } from './http-errors.ts'
import { plainPath } from './limits.ts'
import { requestId } from './request-id.ts'

/** What the application is put together from. */
export interface HttpParts {
  readonly session: RequestHandler
  readonly routers: ReadonlyArray<{ readonly path: string; readonly router: Router }>
}

/** The core's HTTP application; each router is mounted below its path, in this order. */
export function createHttpApp(ctx: CoreContext, { session, routers }: HttpParts): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.set('trust proxy', trustedProxies(ctx.config.trustedProxyCidrs))
  app.use(requestId, securityHeaders)
  app.get('/-/health/live/', (_req, res) => void res.status(204).end())
  app.get('/-/health/ready/', async (_req, res) => {
    setStatus(res, (await takesWrites(ctx).catch(() => false)) ? 204 : 503).end()
  })
  app.use('/api', plainPath)
  app.use(clientAddress(ctx), session)
  for (const { path, router } of routers) app.use(path, router)
  app.use((_req, _res, next) => next(new NotFoundError()))
  app.use(errorHandler(ctx.log))
  return app
}

/** Whether the database answers, and more than reads: it takes only those while its disk is full. */
async function takesWrites({ db }: CoreContext): Promise<boolean> {
  const { rows } = (await db.execute(sql`select current_setting('transaction_read_only') = 'off' as writes`)) as {
    rows: { writes: boolean }[]
  }
  return rows[0]?.writes === true
}

/** compat: an address that is no trusted proxy's cannot say for whom it asks. */
function trustedProxies(cidrs: readonly string[]): (address: string) => boolean {
  const networks = cidrs.flatMap((cidr) => parseNetwork(cidr) ?? [])
  return (address) => isIn(networks, address)
}

const securityHeaders: RequestHandler = (_req, res, next) => {
  res.set({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
  })
  next()
}
