/** Longer requests are refused (OA-15): a sign-in could not lead back to them, see `core/domain/flow/next-url.ts`. */
const MAX_CHARACTERS = 3_800
const CONTROL = /\p{Cc}/u

/**
 * The parameters of an authorization request as the provider library is to see them, or why there is nothing to
 * show for them.
 */
export function authorizeParameters(
  given: URLSearchParams,
  mappedScopes: Iterable<string>,
): URLSearchParams | { readonly problem: string } {
  if (String(given).length > MAX_CHARACTERS) return { problem: 'it is too long' }
  for (const each of given)
    if (each.some((text) => CONTROL.test(text))) return { problem: 'it contains control characters' }
  const params = new URLSearchParams(given)
  // compat: no scope means every scope that the provider has (sheet core-api §7.5).
  if ((params.get('scope') ?? '') === '') params.set('scope', [...new Set(['openid', ...mappedScopes])].join(' '))
  // compat: clients of authentik ask for offline_access alone, the library grants it only together with a consent.
  if (params.get('scope')!.split(' ').includes('offline_access') && !params.has('prompt'))
    params.set('prompt', 'consent')
  return params
}

/** Sign-ins more recent than this satisfy any `max_age`, so that the sign-in that a request asked for satisfies it. */
const JUST_SIGNED_IN_SECONDS = 60

/** The same request after the sign-in that it asked for. */
export function withoutLogin(given: URLSearchParams): URLSearchParams {
  const params = new URLSearchParams(given)
  const prompts = (params.get('prompt') ?? '').split(' ').filter((prompt) => prompt !== '' && prompt !== 'login')
  if (prompts.length === 0) params.delete('prompt')
  else params.set('prompt', prompts.join(' '))
  if (Number(params.get('max_age') ?? Number.POSITIVE_INFINITY) < JUST_SIGNED_IN_SECONDS)
    params.set('max_age', String(JUST_SIGNED_IN_SECONDS))
  return params
}
