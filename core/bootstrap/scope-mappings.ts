import type { CoreContext } from '#core/context.ts'
import { DEFAULT_SCOPE_MAPPINGS } from '#core/oidc/default-scope-mappings.ts'
import { propertyMappings, scopeMappings } from '#core/store/tables/applications.ts'

/** The scope mappings that every installation has; an installation's own changes to them are kept. */
export async function ensureScopeMappings(ctx: CoreContext): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    for (const { managed, name, scope, description, expression } of DEFAULT_SCOPE_MAPPINGS) {
      const [made] = await tx
        .insert(propertyMappings)
        .values({ kind: 'scope', managed, name, expression })
        .onConflictDoNothing()
        .returning({ pmUuid: propertyMappings.pmUuid })
      if (made !== undefined) await tx.insert(scopeMappings).values({ ...made, scopeName: scope, description })
    }
  })
}
