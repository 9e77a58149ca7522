import { join } from 'node:path'
import express, { Router } from 'express'
import type { CoreContext } from '#core/context.ts'
import { defaultFlows } from './default-flows.ts'
import { flowPages } from './flow-pages.ts'
import { libraryPages } from './library.ts'

/** The pages that people see, mounted at the root. */
export function webRouter(ctx: CoreContext): Router {
  const router = Router()
  router.use(
    '/static',
    express.static(join(import.meta.dirname, 'static'), { index: false, maxAge: '1h', redirect: false }),
  )
  router.use(libraryPages(ctx), defaultFlows(ctx), flowPages(ctx))
  return router
}
