import { join } from 'node:path'
import express, { type RequestHandler, Router } from 'express'
import type { CoreContext } from '#core/context.ts'
import { NotFoundError } from '#core/http/http-errors.ts'
import { plainPath } from '#core/http/limits.ts'
import { defaultFlows } from './default-flows.ts'
import { errorPages } from './error-pages.ts'
import { flowPages } from './flow-pages.ts'
import { libraryPages } from './library.ts'

/** The pages that people see, mounted at the root, after everything else. */
export function webRouter(ctx: CoreContext): Router {
  const router = Router()
  router.use(
    '/static',
    express.static(join(import.meta.dirname, 'static'), { index: false, maxAge: '1h', redirect: false }),
  )
  router.use(plainPath, libraryPages(ctx), defaultFlows(ctx), flowPages(ctx))
  router.use(notFound)
  router.use(errorPages(ctx))
  return router
}

const notFound: RequestHandler = (_req, _res, next) => next(new NotFoundError())
