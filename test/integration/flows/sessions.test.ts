import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { desc } from 'drizzle-orm'
import { revocations } from '#core/store/tables/outposts.ts'
import { CookieJar } from '#test/support/browser.ts'
import { ADMIN_TOKEN, startCore, type TestCore } from '#test/support/core.ts'
import { newUser as makeUser, newApplication, tokensOf } from '#test/support/granted-access.ts'
import { executorUrl, identify, signedIn, signIn as signInAt, statusOfMe } from '#test/support/sign-in.ts'

const PASSWORD = 'Right-Password-1!'

let core: TestCore
before(async () => {
  core = await startCore()
})
after(() => core[Symbol.asyncDispose]())

let made = 0
const newUser = () => makeUser(core, { username: `person-${++made}`, password: PASSWORD })

const signIn = (jar: CookieJar, username: string, password = PASSWORD) => signInAt(core, jar, { username, password })
const statusOf = (jar: CookieJar) => statusOfMe(core, jar)

async function lastRevocation() {
  const [last] = await core.core.ctx.db.select().from(revocations).orderBy(desc(revocations.sequence)).limit(1)
  return last
}

suite('what ends access ends all of it', () => {
  test('a new password: sessions and the tokens of applications, offline ones too', async () => {
    const application = (await newApplication(core, 'password-change'))()
    const user = await newUser()
    const jar = await signedIn(core, user.username, PASSWORD)
    const tokens = await tokensOf(application, jar)
    await core.api('POST', `/core/users/${user.pk}/set_password/`, { password: 'New-Password-1!' })
    assert.equal((await application.userInfo(tokens['access_token']!)).status, 401)
    assert.equal((await application.refresh(tokens['refresh_token']!)).status, 400)
    assert.equal(await statusOf(jar), 403)
    const revocation = await lastRevocation()
    assert.deepEqual([revocation?.kind, revocation?.userId], ['user', user.pk])
  })

  test('signing in again: the session from before, at outposts too', async () => {
    const user = await newUser()
    const jar = await signedIn(core, user.username, PASSWORD)
    const before = jar.get('authentik_session')!
    assert.equal((await signIn(jar, user.username)).component, 'xak-flow-redirect')
    const revocation = await lastRevocation()
    assert.equal(revocation?.sessionHash, core.core.ctx.keys.hash(before))
    assert.equal(await statusOf(jar), 200)
  })

  test('a flow that is not through does not follow from one user to the next', async () => {
    const [first, second] = [await newUser(), await newUser()]
    const jar = await signedIn(core, first.username, PASSWORD)
    await core.api('POST', '/flows/instances/', {
      name: 'x',
      slug: 'unfinished',
      title: 'x',
      designation: 'stage_configuration',
      authentication: 'require_authenticated',
    })
    const { body: flow } = await core.api('GET', '/flows/instances/unfinished/')
    for (const [order, name] of [
      'default-authentication-identification',
      'default-authentication-password',
    ].entries()) {
      const { body } = await core.api('GET', `/stages/all/?name=${name}`)
      await core.api('POST', '/flows/bindings/', { target: flow.pk, stage: body.results[0].pk, order })
    }
    const unfinished = executorUrl(core, 'unfinished')
    await jar.step(unfinished, identify(first.username), { 'x-authentik-csrf': jar.get('authentik_csrf')! })
    assert.equal((await jar.step(unfinished)).body.component, 'ak-stage-password')
    await signIn(jar, second.username)
    assert.equal((await jar.step(unfinished)).body.component, 'ak-stage-identification')
  })
})

suite('FL-07: a deactivated user is let in nowhere', () => {
  const ways: ReadonlyArray<
    [way: string, works: (user: { pk: number; username: string }) => Promise<() => Promise<boolean>>]
  > = [
    [
      'password',
      async ({ username }) =>
        async () =>
          (await signIn(new CookieJar(), username)).component === 'xak-flow-redirect',
    ],
    [
      'app password',
      async (user) => {
        const key = await tokenOf(user, 'app_password')
        return async () => (await signIn(new CookieJar(), user.username, key)).component === 'xak-flow-redirect'
      },
    ],
    [
      'session',
      async ({ username }) => {
        const jar = await signedIn(core, username, PASSWORD)
        return async () => (await statusOf(jar)) === 200
      },
    ],
    [
      'session at the library',
      async ({ username }) => {
        const jar = await signedIn(core, username, PASSWORD)
        return async () => (await jar.fetch(`${core.url}/if/user/`)).status === 200
      },
    ],
    [
      'API token',
      async (user) => {
        const authorization = `Bearer ${await tokenOf(user, 'api')}`
        return async () =>
          (await fetch(`${core.url}/api/v3/core/users/me/`, { headers: { authorization } })).status === 200
      },
    ],
    [
      'access token of an application',
      async ({ username }) => {
        const application = (await newApplication(core, 'deactivation'))()
        const jar = await signedIn(core, username, PASSWORD)
        const tokens = await tokensOf(application, jar)
        return async () => (await application.userInfo(tokens['access_token']!)).status === 200
      },
    ],
  ]
  for (const [way, prepare] of ways)
    test(`by ${way}`, async () => {
      const user = await newUser()
      const works = await prepare(user)
      assert.equal(await works(), true)
      await core.api('PATCH', `/core/users/${user.pk}/`, { is_active: false })
      assert.equal(await works(), false)
    })

  async function tokenOf(user: { pk: number }, intent: string): Promise<string> {
    const identifier = `${intent}-${user.pk}`
    await core.api('POST', '/core/tokens/', { identifier, intent, user: user.pk })
    return (await core.api('GET', `/core/tokens/${identifier}/view_key/`)).body.key
  }
})

suite('API-15: nobody is signed out by a link', () => {
  const executor = () => executorUrl(core, 'default-invalidation-flow')

  test('of the executor', async () => {
    const jar = await signedIn(core, (await newUser()).username, PASSWORD)
    assert.equal((await jar.step(executor())).body.component, 'ak-stage-access-denied')
    assert.equal(await statusOf(jar), 200)
  })

  test('a script that knows the token of the session may', async () => {
    const jar = await signedIn(core, (await newUser()).username, PASSWORD)
    const hash = core.core.ctx.keys.hash(jar.get('authentik_session')!)
    const headers = { 'x-authentik-csrf': jar.get('authentik_csrf')! }
    assert.equal((await jar.step(executor(), undefined, headers)).body.component, 'xak-flow-redirect')
    assert.equal(await statusOf(jar), 403)
    assert.equal((await lastRevocation())?.sessionHash, hash)
  })

  test('an outpost may, for whom it has signed in', async () => {
    const { body } = await core.api('GET', '/outposts/instances/?name__iexact=ldap')
    const { body: token } = await core.api('GET', `/core/tokens/${body.results[0].token_identifier}/view_key/`)
    const jar = await signedIn(core, (await newUser()).username, PASSWORD)
    const vouching = (key: string) => ({ 'x-authentik-remote-ip': '192.0.2.1', 'x-authentik-outpost-token': key })
    assert.equal(
      (await jar.step(executor(), undefined, vouching(ADMIN_TOKEN))).body.component,
      'ak-stage-access-denied',
    )
    assert.equal((await jar.step(executor(), undefined, vouching(token.key))).body.component, 'xak-flow-redirect')
    assert.equal(await statusOf(jar), 403)
  })
})
