export interface LaunchSources {
  readonly metaLaunchUrl: string
  /** Of a proxy provider. */
  readonly externalHost: string | null
  /** Of an OAuth2 provider, one a line. */
  readonly redirectUris: string | null
}

/** Where an application is opened: its own setting, else what its provider knows. Only http and https are ever linked. */
export function launchUrlOf({ metaLaunchUrl, externalHost, redirectUris }: LaunchSources): string | undefined {
  if (metaLaunchUrl !== '') return webUrl(metaLaunchUrl)?.href
  if (externalHost !== null) return webUrl(externalHost)?.href
  const [first = ''] = (redirectUris ?? '').split('\n')
  const origin = webUrl(first.trim())?.origin
  return origin === undefined ? undefined : `${origin}/`
}

function webUrl(text: string): URL | undefined {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined
}
