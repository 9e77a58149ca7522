import { CookieJar } from './browser.ts'
import { SAMPLE_PASSWORD, type TestCore } from './core.ts'

export const identify = (uid_field: string) => ({ component: 'ak-stage-identification', uid_field })
export const answerPassword = (password: string) => ({ component: 'ak-stage-password', password })

/** The JSON address of a flow, with the query of the page that it is for. */
export function executorUrl(core: TestCore, slug = 'default-authentication-flow', query: Record<string, string> = {}) {
  return `${core.url}/api/v3/flows/executor/${slug}/?query=${encodeURIComponent(String(new URLSearchParams(query)))}`
}

/** What the default flow says in the end to this name and password. */
export async function signIn(
  core: TestCore,
  jar: CookieJar,
  { username = 'demo', password = SAMPLE_PASSWORD, url = executorUrl(core) } = {},
): Promise<any> {
  const csrf = () => ({ 'x-authentik-csrf': jar.get('authentik_csrf') ?? '' })
  await jar.step(url)
  await jar.step(url, identify(username), csrf())
  return (await jar.step(url, answerPassword(password), csrf())).body
}

/** A browser that is signed in. */
export async function signedIn(core: TestCore, username: string, password?: string): Promise<CookieJar> {
  const jar = new CookieJar()
  await signIn(core, jar, { username, ...(password === undefined ? {} : { password }) })
  return jar
}

/** 200 for somebody, 403 for nobody. */
export async function statusOfMe(core: TestCore, jar: CookieJar): Promise<number> {
  return (await jar.fetch(`${core.url}/api/v3/core/users/me/`)).status
}
