import assert from 'node:assert/strict'
import type { CookieJar } from './browser.ts'
import type { TestCore } from './core.ts'
import { RelyingParty } from './relying-party.ts'

const SECRET = 'secret-of-the-application'

/** A person with this password, in these groups. */
export async function newUser(
  core: TestCore,
  { username, password, groups = [] }: { username: string; password: string; groups?: readonly string[] },
): Promise<{ pk: number; username: string }> {
  const { body } = await core.api('POST', '/core/users/', { username, name: username, groups })
  await core.api('POST', `/core/users/${body.pk}/set_password/`, { password })
  return body
}

/** An application that everybody may open, with OpenID Connect; each call of what is returned is another browser. */
export async function newApplication(core: TestCore, slug: string): Promise<() => RelyingParty> {
  const { body: flows } = await core.api('GET', '/flows/instances/?designation=authorization')
  const { body: provider } = await core.api('POST', '/providers/oauth2/', {
    name: slug,
    authorization_flow: flows.results[0].pk,
    redirect_uris: 'https://rp.example.com/callback',
    client_type: 'confidential',
    client_id: slug,
    client_secret: SECRET,
  })
  await core.api('POST', '/core/applications/', { name: slug, slug, provider: provider.pk })
  return () => new RelyingParty(core.url, { clientId: slug, clientSecret: SECRET })
}

/** What the application is given for whoever is signed in with this browser, offline access too; it works. */
export async function tokensOf(application: RelyingParty, jar: CookieJar): Promise<Record<string, string>> {
  application.setCookie('authentik_session', jar.get('authentik_session')!)
  const { body } = await application.redeem(await application.code({ scope: 'openid offline_access' }))
  assert.equal((await application.userInfo(body['access_token']!)).status, 200)
  return body
}
