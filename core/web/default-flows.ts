import { and, asc, eq } from 'drizzle-orm'
import { type Request, Router } from 'express'
import type { CoreContext } from '#core/context.ts'
import { FlowExecutor } from '#core/flows/executor.ts'
import { NotFoundError } from '#core/http/http-errors.ts'
import { flows } from '#core/store/tables/flows.ts'
import { tenants } from '#core/store/tables/tenants.ts'

const CHOSEN_BY_TENANT = { authentication: tenants.flowAuthentication, invalidation: tenants.flowInvalidation } as const
type Designation = keyof typeof CHOSEN_BY_TENANT

/** Short ways to the flows that are the default: the tenant's choice, else the first by slug. */
export function defaultFlows(ctx: CoreContext): Router {
  const router = Router()
  for (const designation of ['authentication', 'invalidation'] as const)
    router.all(`/flows/-/default/${designation}/`, async (req, res) => {
      const slug = await defaultFlow(ctx, designation)
      // 307 keeps a POST a POST, with its form: that is how a page signs out.
      res.redirect(req.method === 'POST' ? 307 : 302, `/if/flow/${slug}/${searchOf(req)}`)
    })
  router.get('/flows/-/cancel/', async (req, res) => {
    await FlowExecutor.of(ctx).cancel(req)
    res.redirect(`/flows/-/default/authentication/${searchOf(req)}`)
  })
  return router
}

const searchOf = (req: Request) => new URL(req.originalUrl, 'http://self.invalid').search

async function defaultFlow(ctx: CoreContext, designation: Designation): Promise<string> {
  const [chosen] = await ctx.db
    .select({ slug: flows.slug })
    .from(tenants)
    .innerJoin(flows, eq(flows.flowUuid, CHOSEN_BY_TENANT[designation]))
    .where(and(eq(tenants.default, true), eq(flows.designation, designation)))
  if (chosen !== undefined) return chosen.slug
  const [first] = await ctx.db
    .select({ slug: flows.slug })
    .from(flows)
    .where(eq(flows.designation, designation))
    .orderBy(asc(flows.slug))
    .limit(1)
  if (first === undefined) throw new NotFoundError(`No flow with designation ${designation} exists.`)
  return first.slug
}
