/**
 * The OpenID provider library without its front door, which prints a warning on every release of Node that is not a
 * long-term one. Its types are those of the package.
 */
import type * as library from 'oidc-provider'
// @ts-expect-error: the published types describe the front door only
import * as errorClasses from 'oidc-provider/lib/helpers/errors.js'
// @ts-expect-error: the same
import * as policyClasses from 'oidc-provider/lib/helpers/interaction_policy/index.js'
// @ts-expect-error: the same
import { Provider as ProviderClass } from 'oidc-provider/lib/provider.js'

export const Provider: typeof library.Provider = ProviderClass
export const errors: typeof library.errors = errorClasses
export const interactionPolicy: typeof library.interactionPolicy = policyClasses
