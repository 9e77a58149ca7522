import { applyShippedBlueprints } from '#core/blueprints/shipped-blueprints.ts'
import type { CoreContext } from '#core/context.ts'
import { inTurn } from '#core/store/in-turn.ts'
import { randomKey } from '#core/store/tokens.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { bootstrapAdministrator, type FirstCredentials } from './administrator.ts'
import { ensureControllerAccount } from './controller-account.ts'
import { refreshSampleAddresses, type SampleAddresses } from './sample-addresses.ts'
import { ensureScopeMappings } from './scope-mappings.ts'

/** What was made at this start, to be shown once. */
export interface Bootstrapped {
  readonly administrator: FirstCredentials | undefined
  /** Undefined when there is no sample content, it was there before, or the value was given. */
  readonly samplePassword: Secret | undefined
  readonly sampleRadiusSecret: Secret | undefined
}

/**
 * Brings an installation to where it can be used: accounts, mappings, flows, and the sample content if it is wanted.
 * All of it or nothing, and one replica at a time: what one has made, the next one finds.
 */
export function bootstrap(ctx: CoreContext, addresses: SampleAddresses): Promise<Bootstrapped> {
  return inTurn(ctx.db, 'bootstrap', async (db) => {
    const within = { ...ctx, db }
    const administrator = await bootstrapAdministrator(within)
    await ensureControllerAccount(within)
    await ensureScopeMappings(within)
    return { administrator, ...(await applyContent(within, addresses)) }
  })
}

async function applyContent(
  ctx: CoreContext,
  addresses: SampleAddresses,
): Promise<Omit<Bootstrapped, 'administrator'>> {
  const { sample } = ctx.config
  const password = sample.password ?? new Secret(randomKey(16))
  const radiusSecret = sample.radiusSecret ?? new Secret(randomKey(24))
  const applied = await applyShippedBlueprints(ctx, {
    wanted: new Set(sample.enabled ? ['sample'] : []),
    context: {
      core_url: addresses.coreUrl,
      sample_external_host: addresses.sampleExternal,
      sample_internal_host: addresses.sampleInternal,
      forward_external_host: addresses.forwardExternal,
      sample_password: password.reveal(),
      sample_radius_secret: radiusSecret.reveal(),
    },
  })
  const isNew = applied.includes('Sample content')
  if (sample.enabled) await refreshSampleAddresses(ctx, addresses, { isNew })
  return {
    samplePassword: isNew && sample.password === undefined ? password : undefined,
    sampleRadiusSecret: isNew && sample.radiusSecret === undefined ? radiusSecret : undefined,
  }
}
