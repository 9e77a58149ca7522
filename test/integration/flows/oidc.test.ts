import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { eq } from 'drizzle-orm'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { openIdConfiguration } from '#core/oidc/urls.ts'
import { providers } from '#core/store/tables/applications.ts'
import { policyBindings } from '#core/store/tables/policies.ts'
import { sessions, users } from '#core/store/tables/users.ts'
import { userUid } from '#core/store/users.ts'
import { isJsonObject } from '#schema/kernel/deep-merge.ts'
import { type OidcBench, openOidcBench, type TestApplication } from '#test/support/oidc-bench.ts'
import { pkce } from '#test/support/relying-party.ts'

let bench: OidcBench
let alice: number
let hs: TestApplication
let rs: TestApplication
let es: TestApplication
let open: TestApplication
let proxy: TestApplication

before(async () => {
  bench = await openOidcBench()
  alice = await bench.addUser('alice')
  hs = await bench.addApplication({
    slug: 'hs',
    redirectUris: 'https://rp.example.com/callback\nhttps://foo.example.com/',
  })
  rs = await bench.addApplication({ slug: 'rs', signing: 'rsa' })
  es = await bench.addApplication({ slug: 'es', signing: 'ec' })
  open = await bench.addApplication({ slug: 'open', isPublic: true, signing: 'ec' })
  proxy = await bench.addApplication({ slug: 'proxy', externalHost: 'http://sample.localhost:9080' })
})
after(() => bench[Symbol.asyncDispose]())

const anonymous = (application: TestApplication, redirectUri?: string) => bench.anonymous(application, redirectUri)
const signedIn = (application: TestApplication, user = alice, redirectUri?: string) =>
  bench.signedIn(application, user, redirectUri)

describe('discovery and keys', () => {
  test('discovery says what outposts are told, and where everything is', async () => {
    const response = await fetch(`${bench.origin}/application/o/rs/.well-known/openid-configuration`)
    const document = (await response.json()) as Record<string, unknown>
    for (const [name, value] of Object.entries(openIdConfiguration(bench.origin, 'rs', 'RS256')))
      if (name === 'token_endpoint_auth_methods_supported')
        assert.ok((value as string[]).every((each) => (document[name] as string[]).includes(each)))
      else assert.deepEqual(document[name], value, name)
    assert.equal(document['revocation_endpoint'], `${bench.origin}/application/o/revoke/`)
    assert.deepEqual(document['scopes_supported'], ['openid', 'offline_access', 'ak_proxy', 'email', 'profile'])
    assert.deepEqual(document['code_challenge_methods_supported'], ['S256'])
  })

  test('an application without a signing key publishes none, one with a key only its public part', async () => {
    const keysOf = async (slug: string) => {
      const response = await fetch(`${bench.origin}/application/o/${slug}/jwks/`)
      return ((await response.json()) as { keys: Record<string, unknown>[] }).keys
    }
    assert.deepEqual(await keysOf('hs'), [])
    const [rsa] = await keysOf('rs')
    assert.deepEqual(Object.keys(rsa!).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use', 'x5c'])
    const [ec] = await keysOf('es')
    assert.deepEqual(Object.keys(ec!).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'x5c', 'y'])
  })

  test('an unknown application is not found', async () => {
    for (const path of ['nope/.well-known/openid-configuration', 'nope/jwks/', 'nope/end-session/'])
      assert.equal((await fetch(`${bench.origin}/application/o/${path}`)).status, 404)
  })
})

describe('code flow', () => {
  test('with PKCE and a public key: every token verifies, and says who and where', async () => {
    for (const application of [rs, es, open]) {
      const rp = await signedIn(application)
      const { verifier, challenge } = pkce()
      const { location } = await rp.authorize(challenge)
      assert.equal(location?.origin, 'https://rp.example.com')
      assert.equal(location.searchParams.get('state'), 'a-state')
      const credentials = application === open ? { client_secret: '' } : {}
      const { status, headers, body } = await rp.redeem(location.searchParams.get('code')!, {
        code_verifier: verifier,
        ...credentials,
      })
      assert.equal(status, 200, JSON.stringify(body))
      assert.equal(headers.get('cache-control'), 'no-store')
      const keys = createRemoteJWKSet(new URL(`${bench.origin}/application/o/${application.slug}/jwks/`))
      const expected = { issuer: `${bench.origin}/application/o/${application.slug}/`, audience: application.clientId }
      const id = await jwtVerify(body['id_token']!, keys, expected)
      const access = await jwtVerify(body['access_token']!, keys, { ...expected, typ: 'at+jwt' })
      assert.equal(id.payload['nonce'], 'a-nonce')
      assert.equal(id.payload.sub, userUid(bench.ctx.installId, alice))
      assert.equal(id.payload['email'], 'alice@example.com')
      assert.equal(access.payload['azp'], application.clientId)
      assert.equal(access.payload['email'], 'alice@example.com')
      assert.equal(access.payload['nonce'], undefined)
      assert.equal(body['refresh_token'], undefined)
    }
  })

  test('without a signing key tokens are signed with the client secret', async () => {
    const rp = await signedIn(hs)
    const { body } = await rp.redeem(await rp.code())
    const secret = new TextEncoder().encode(hs.clientSecret)
    const { protectedHeader } = await jwtVerify(body['id_token']!, secret, { audience: hs.clientId })
    assert.equal(protectedHeader.alg, 'HS256')
  })

  test('the request may be a POST, and the answer a form', async () => {
    const rp = await signedIn(hs)
    const [path, query] = rp.authorizeUrl({ response_mode: 'form_post' }).split('?') as [string, string]
    const begun = await rp.fetch(path, { method: 'POST', body: new URLSearchParams(query) })
    const interaction = await rp.fetch(begun.headers.get('location')!)
    const page = await (await rp.fetch(interaction.headers.get('location')!)).text()
    assert.match(page, /<form method="post" action="https:\/\/rp\.example\.com\/callback">/)
    assert.equal((await rp.redeem(/name="code" value="([^"]+)"/.exec(page)![1]!)).status, 200)
  })

  test('the client may use HTTP Basic as well', async () => {
    const rp = await signedIn(hs)
    const authorization = `Basic ${Buffer.from(`${hs.clientId}:${hs.clientSecret}`).toString('base64')}`
    assert.equal((await rp.redeem(await rp.code(), {}, { authorization })).status, 200)
  })

  test('a proxy outpost gets its claims at its callback', async () => {
    const rp = await signedIn(
      proxy,
      alice,
      'http://sample.localhost:9080/outpost.goauthentik.io/callback?X-authentik-auth-callback=true',
    )
    const { body } = await rp.redeem(await rp.code({ scope: 'openid email profile ak_proxy' }))
    const { ak_proxy, sid } = decodeJwt(body['id_token']!)
    assert.deepEqual(ak_proxy, { user_attributes: {}, is_superuser: false })
    const [session] = await bench.ctx.db
      .select()
      .from(sessions)
      .where(eq(sessions.keyHash, String(sid)))
    assert.equal(session?.userId, alice)
  })

  test('userinfo and introspection tell what was granted', async () => {
    const rp = await signedIn(rs)
    const { body } = await rp.redeem(await rp.code({ scope: 'openid email' }))
    const claims = (await (await rp.userInfo(body['access_token']!)).json()) as Record<string, unknown>
    assert.deepEqual(claims, {
      sub: userUid(bench.ctx.installId, alice),
      email: 'alice@example.com',
      email_verified: true,
    })
    const { body: told } = await rp.post('introspect', { token: body['access_token']! })
    assert.deepEqual(
      [told['active'], told['client_id'], told['aud'], told['scope']],
      [true, rs.clientId, rs.clientId, 'openid email'],
    )
  })

  test('authorizations are in the audit log', async () => {
    const rp = await signedIn(es)
    await rp.code()
    const event = (await bench.events('authorize_application')).at(-1)
    assert.equal(event?.user['username'], 'alice')
    const opened = event?.context['authorized_application']
    assert.ok(isJsonObject(opened) && opened['name'] === 'es')
    const { decision, reason, bindings } = event?.context ?? {}
    assert.match(String(decision), /^[0-9a-f-]{36}$/)
    assert.deepEqual([reason, bindings], ['nothing is bound', []])
  })

  test('no scope asks for every scope of the provider; unknown scopes give nothing', async () => {
    const rp = await signedIn(rs)
    const all = await rp.redeem(await rp.code({ scope: undefined }))
    assert.equal(
      ((await (await rp.userInfo(all.body['access_token']!)).json()) as Record<string, unknown>)['nickname'],
      'alice',
    )
    assert.equal(all.body['refresh_token'], undefined)
    const some = await rp.redeem(await rp.code({ scope: 'openid nonsense' }))
    assert.equal(some.body['scope'], 'openid')
  })
})

describe('who is asked to sign in', () => {
  const AUTHENTICATION = '/flows/-/default/authentication/'

  test('a visitor, with the way back', async () => {
    const { location } = await anonymous(hs).authorize()
    assert.equal(location?.pathname, AUTHENTICATION)
    const next = location.searchParams.get('next')!
    assert.ok(next.startsWith('/application/o/authorize/?'))
    const params = new URL(next, bench.origin).searchParams
    assert.deepEqual(
      [params.get('client_id'), params.get('state'), params.get('nonce')],
      [hs.clientId, 'a-state', 'a-nonce'],
    )
  })

  test('nobody, where the application wants no question', async () => {
    const { location } = await anonymous(hs).authorize({ prompt: 'none' })
    assert.equal(location?.searchParams.get('error'), 'login_required')
    assert.equal(location.searchParams.get('state'), 'a-state')
  })

  test('nobody, where the user is signed in and the flow has no question', async () => {
    const rp = await signedIn(hs)
    assert.equal((await rp.redeem(await rp.code({ prompt: 'none' }))).status, 200)
  })

  test('nobody, where the application wants no question and the flow has one', async () => {
    const consent = await bench.addApplication({ slug: 'consent', asks: true })
    const rp = await signedIn(consent)
    const { location } = await rp.authorize({ prompt: 'none' })
    assert.equal(location?.searchParams.get('error'), 'interaction_required')
    assert.equal((await rp.authorize()).location?.pathname, '/if/flow/asking/')
  })

  test('a signed-in user again for prompt=login, and for a sign-in that is too old', async () => {
    const rp = await signedIn(hs)
    const { location } = await rp.authorize({ prompt: 'login' })
    assert.equal(location?.pathname, AUTHENTICATION)
    assert.equal(new URL(location.searchParams.get('next')!, bench.origin).searchParams.get('prompt'), null)
    const old = anonymous(hs)
    old.setCookie('authentik_session', await bench.signIn(alice, new Date(Date.now() - 3_600_000)))
    assert.equal((await old.authorize({ max_age: '600' })).location?.pathname, AUTHENTICATION)
    assert.ok(await old.code({ max_age: '7200' }))
  })

  test('a deactivated user, whose session means nothing', async () => {
    const carol = await bench.addUser('carol')
    const rp = await signedIn(hs, carol)
    await bench.ctx.db.update(users).set({ isActive: false }).where(eq(users.id, carol))
    assert.equal((await rp.authorize()).location?.pathname, AUTHENTICATION)
  })
})

describe('access', () => {
  test('a user who may not open the application sees why, and the application gets nothing', async () => {
    const guest = await bench.addUser('guest')
    const closed = await bench.addApplication({ slug: 'closed', onlyUser: alice })
    const { response, location } = await (await signedIn(closed, guest)).authorize()
    assert.equal(response.status, 403)
    assert.equal(location, undefined)
    assert.match(await response.text(), /Permission denied/)
    const { location: silent } = await (await signedIn(closed, guest)).authorize({ prompt: 'none' })
    assert.equal(silent?.searchParams.get('error'), 'access_denied')
    assert.ok(await (await signedIn(closed)).code())
    assert.ok((await bench.events('authorize_denied')).some(({ user }) => user['username'] === 'guest'))
  })

  test('a provider without an authorization flow authorizes nobody', async () => {
    const lost = await bench.addApplication({ slug: 'lost' })
    await bench.ctx.db.update(providers).set({ authorizationFlow: null }).where(eq(providers.id, lost.providerId))
    assert.equal((await (await signedIn(lost)).authorize()).response.status, 403)
  })

  test('a flow that refuses the user authorizes nobody, whatever it does about refusals', async () => {
    for (const deniedAction of ['message_continue', 'message', 'continue']) {
      const slug = `refusing-${deniedAction.replace('_', '-')}`
      const refusing = await bench.addApplication({ slug, flowOnlyFor: await bench.addUser(slug), deniedAction })
      const { response, location } = await (await signedIn(refusing)).authorize()
      assert.deepEqual([response.status, location], [403, undefined], deniedAction)
    }
  })

  test('an authorization that one user began cannot be finished by another', async () => {
    const rp = await signedIn(hs)
    const begun = await rp.fetch(rp.authorizeUrl())
    rp.setCookie('authentik_session', await bench.signIn(await bench.addUser('mallory')))
    const answer = await rp.fetch(begun.headers.get('location')!)
    assert.equal(answer.status, 400)
    assert.equal(answer.headers.get('location'), null)
  })

  test('what was granted ends with the access (OA-09)', async () => {
    const dave = await bench.addUser('dave')
    const application = await bench.addApplication({ slug: 'ending', onlyUser: dave })
    const rp = await signedIn(application, dave)
    const code = await rp.code({ scope: 'openid offline_access' })
    const { body } = await rp.redeem(await rp.code({ scope: 'openid offline_access' }))
    await bench.ctx.db.update(policyBindings).set({ user: alice }).where(eq(policyBindings.target, application.pbmUuid))
    assert.equal((await rp.redeem(code)).body['error'], 'invalid_grant')
    assert.equal((await rp.refresh(body['refresh_token']!)).body['error'], 'invalid_grant')
    assert.equal((await rp.userInfo(body['access_token']!)).status, 401)
    assert.deepEqual((await rp.post('introspect', { token: body['access_token']! })).body, { active: false })
  })

  test('deactivation ends tokens at once (OA-09)', async () => {
    const erin = await bench.addUser('erin')
    const rp = await signedIn(rs, erin)
    const { body } = await rp.redeem(await rp.code({ scope: 'openid offline_access' }))
    await bench.ctx.db.update(users).set({ isActive: false }).where(eq(users.id, erin))
    assert.equal((await rp.refresh(body['refresh_token']!)).body['error'], 'invalid_grant')
    assert.equal((await rp.userInfo(body['access_token']!)).status, 401)
    assert.deepEqual((await rp.post('introspect', { token: body['access_token']! })).body, { active: false })
  })

  test('a session that ends takes its codes and tokens along, offline access stays', async () => {
    const rp = await signedIn(rs)
    const code = await rp.code()
    const bound = await rp.redeem(await rp.code())
    const offline = await rp.redeem(await rp.code({ scope: 'openid offline_access' }))
    const { sid } = decodeJwt(bound.body['id_token']!)
    await bench.ctx.db.delete(sessions).where(eq(sessions.keyHash, String(sid)))
    assert.equal((await rp.redeem(code)).body['error'], 'invalid_grant')
    assert.equal((await rp.userInfo(bound.body['access_token']!)).status, 401)
    assert.equal((await rp.refresh(offline.body['refresh_token']!)).status, 200)
  })
})
