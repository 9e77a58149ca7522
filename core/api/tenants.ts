import { desc, eq, or } from 'drizzle-orm'
import { flows } from '#core/store/tables/flows.ts'
import { tenants } from '#core/store/tables/tenants.ts'
import { tenantResource } from '#schema/api/tenants.ts'
import type { Binding } from './binding.ts'
import { type Call, ok, PUBLIC, type Reply } from './route.ts'

/** How the core presents itself, by the name it is asked under. */
export const tenantBinding: Binding = {
  resource: tenantResource,
  tables: [tenants],
  actions: [
    {
      method: 'GET',
      path: 'core/tenants/current/',
      operationId: 'core_tenants_current_retrieve',
      access: PUBLIC,
      document: { response: 'CurrentTenant' },
      handle: current,
    },
  ],
}

/** How the core presents itself under the name by which it was asked; unset flows are left out. */
async function current({ ctx, req }: Call): Promise<Reply> {
  const [tenant] = await ctx.db
    .select()
    .from(tenants)
    .where(or(eq(tenants.domain, req.hostname ?? ''), eq(tenants.default, true)))
    .orderBy(tenants.default, desc(tenants.domain))
    .limit(1)
  const slugOf = async (key: string | null | undefined) => {
    if (key == null) return undefined
    const [flow] = await ctx.db.select({ slug: flows.slug }).from(flows).where(eq(flows.flowUuid, key))
    return flow?.slug
  }
  return ok({
    matched_domain: tenant?.domain ?? 'authentik-default',
    branding_title: tenant?.brandingTitle ?? 'Martello',
    branding_logo: '/static/dist/assets/icons/icon_left_brand.svg',
    branding_favicon: '/static/dist/assets/icons/icon.png',
    ui_footer_links: [],
    ui_theme: 'automatic',
    flow_authentication: await slugOf(tenant?.flowAuthentication),
    flow_invalidation: await slugOf(tenant?.flowInvalidation),
    default_locale: '',
  })
}
