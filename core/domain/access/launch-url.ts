/** Where an application may be opened, as it is stored. */
export interface LaunchSources {
  readonly metaLaunchUrl: string
  /** Of a proxy provider. */
  readonly externalHost: string | null
  /** Of an OAuth2 provider, one a line. */
  readonly redirectUris: string | null
}

/** Whom an application is opened by. */
export interface Visitor {
  readonly id: number
  readonly uuid: string
  readonly username: string
  readonly name: string
  readonly email: string
}

/** What `%(username)s` and its like stand for: these and no others, so that nothing else of an account gets into a URL. */
const VARIABLES: ReadonlyMap<string, (visitor: Visitor) => string> = new Map([
  ['pk', ({ id }) => String(id)],
  ['uuid', ({ uuid }) => uuid],
  ['username', ({ username }) => username],
  ['name', ({ name }) => name],
  ['email', ({ email }) => email],
])

/**
 * Where an application is opened: its own setting, else what its provider knows. Only http and https are ever linked;
 * undefined is nowhere. Variables that are unknown, or about nobody, stay as they are.
 */
export function launchUrlOf(
  { metaLaunchUrl, externalHost, redirectUris }: LaunchSources,
  visitor: Visitor | undefined,
): string | undefined {
  if (metaLaunchUrl !== '') return webUrl(filled(metaLaunchUrl, visitor))?.href
  if (externalHost !== null) return webUrl(externalHost)?.href
  const [first = ''] = (redirectUris ?? '').split('\n')
  const origin = webUrl(first.trim())?.origin
  return origin === undefined ? undefined : `${origin}/`
}

function filled(text: string, visitor: Visitor | undefined): string {
  if (visitor === undefined) return text
  return text.replaceAll(/%\((\w+)\)s/g, (variable, name: string) => {
    const value = VARIABLES.get(name)?.(visitor)
    return value === undefined ? variable : encodeURIComponent(value)
  })
}

function webUrl(text: string): URL | undefined {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined
}
