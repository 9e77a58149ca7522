import { applyShippedBlueprints } from '#core/blueprints/shipped-blueprints.ts'
import type { CoreContext } from '#core/context.ts'
import { randomKey } from '#core/store/tokens.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { bootstrapAdministrator, type FirstCredentials } from './administrator.ts'
import { ensureControllerAccount } from './controller-account.ts'
import { ensureScopeMappings } from './scope-mappings.ts'

/** Where the sample content is reached; given by whoever starts it. */
export interface SampleAddresses {
  readonly coreUrl: string
  readonly sampleExternal: string
  readonly sampleInternal: string
  readonly forwardExternal: string
}

export interface Bootstrapped {
  readonly administrator: FirstCredentials | undefined
  /** Undefined when there is no sample content, it was there before, or the value was given. */
  readonly samplePassword: Secret | undefined
  readonly sampleRadiusSecret: Secret | undefined
}

/** Brings an installation to where it can be used: accounts, mappings, flows, and the sample content if it is wanted. */
export async function bootstrap(ctx: CoreContext, addresses: SampleAddresses): Promise<Bootstrapped> {
  const { sample } = ctx.config
  const administrator = await bootstrapAdministrator(ctx)
  await ensureControllerAccount(ctx)
  await ensureScopeMappings(ctx)
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
  return {
    administrator,
    samplePassword: isNew && sample.password === undefined ? password : undefined,
    sampleRadiusSecret: isNew && sample.radiusSecret === undefined ? radiusSecret : undefined,
  }
}
