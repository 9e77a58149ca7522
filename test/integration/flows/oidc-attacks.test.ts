import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { eq } from 'drizzle-orm'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { oauth2Providers } from '#core/store/tables/applications.ts'
import { oidcArtifacts } from '#core/store/tables/system.ts'
import { type OidcBench, openOidcBench, type TestApplication } from '#test/support/oidc-bench.ts'
import { pkce, RelyingParty } from '#test/support/relying-party.ts'

let bench: OidcBench
let alice: number
let hs: TestApplication
let rs: TestApplication
let open: TestApplication
let mixed: TestApplication
let native: TestApplication

const MIXED = [
  'com.example.app:/cb',
  'http://127.0.0.1:8000/cb',
  'http://localhost:8000/cb',
  'http://[::1]:8000/cb',
  'http://intranet.example.com/cb',
  'https://localhost/cb',
  'https://foo.example.com',
]

before(async () => {
  bench = await openOidcBench()
  alice = await bench.addUser('alice')
  hs = await bench.addApplication({
    slug: 'hs',
    redirectUris: 'https://rp.example.com/callback\nhttps://foo.example.com/',
  })
  rs = await bench.addApplication({ slug: 'rs', signing: 'rsa' })
  open = await bench.addApplication({ slug: 'open', isPublic: true, signing: 'ec' })
  mixed = await bench.addApplication({ slug: 'mixed', redirectUris: MIXED.join('\n') })
  native = await bench.addApplication({ slug: 'native', redirectUris: MIXED.slice(0, 4).join('\n') })
})
after(() => bench[Symbol.asyncDispose]())

const anonymous = (application: TestApplication, redirectUri?: string) => bench.anonymous(application, redirectUri)
const signedIn = (application: TestApplication, user = alice, redirectUri?: string) =>
  bench.signedIn(application, user, redirectUri)

describe('codes and PKCE', () => {
  const wrong: ReadonlyArray<[name: string, form: Record<string, string>]> = [
    ['omitted', {}],
    ['empty', { code_verifier: '' }],
    ['wrong', { code_verifier: pkce().verifier }],
    ['of another request', { code_verifier: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM' }],
  ]
  const clients: ReadonlyArray<
    [what: string, application: () => TestApplication, credentials: Record<string, string>]
  > = [
    ['confidential', () => hs, {}],
    ['public', () => open, { client_secret: '' }],
  ]
  for (const [what, application, credentials] of clients) {
    for (const [name, form] of wrong)
      test(`a verifier that is ${name} burns the code of a ${what} client (OA-01)`, async () => {
        const rp = await signedIn(application())
        const { verifier, challenge } = pkce()
        const code = await rp.code(challenge)
        const refused = await rp.redeem(code, { ...credentials, ...form })
        assert.deepEqual([refused.status, refused.body['error']], [400, 'invalid_grant'])
        const late = await rp.redeem(code, { ...credentials, code_verifier: verifier })
        assert.equal(late.body['error'], 'invalid_grant')
      })

    test(`a code of a ${what} client is worth nothing to another one that knows the verifier`, async () => {
      const rp = await signedIn(application())
      const { verifier, challenge } = pkce()
      const code = await rp.code(challenge)
      assert.equal((await anonymous(rs).redeem(code, { code_verifier: verifier })).body['error'], 'invalid_grant')
      assert.equal((await rp.redeem(code, { ...credentials, code_verifier: verifier })).status, 200)
    })
  }

  test('a peer that would rather read HTML burns the code all the same', async () => {
    const rp = await signedIn(hs)
    const { verifier, challenge } = pkce()
    const code = await rp.code(challenge)
    assert.equal((await rp.redeem(code, {}, { accept: 'text/html' })).body['error'], 'invalid_grant')
    assert.equal((await rp.redeem(code, { code_verifier: verifier })).body['error'], 'invalid_grant')
  })

  test('a verifier without a challenge is refused, and the code is burned (OA-02)', async () => {
    const rp = await signedIn(hs)
    const code = await rp.code()
    const refused = await rp.redeem(code, { code_verifier: pkce().verifier })
    assert.deepEqual([refused.status, refused.body['error']], [400, 'invalid_grant'])
    assert.equal((await rp.redeem(code)).body['error'], 'invalid_grant')
  })

  const { challenge } = pkce()
  const halves: ReadonlyArray<[what: string, params: Record<string, string>]> = [
    ['no challenge', {}],
    ['the challenge as it is', { ...challenge, code_challenge_method: 'plain' }],
    ['a challenge without a method', { code_challenge: challenge.code_challenge }],
    ['a method without a challenge', { code_challenge_method: 'S256' }],
    ['an empty challenge', { ...challenge, code_challenge: '' }],
    ['a challenge that is too short', { ...challenge, code_challenge: 'short' }],
  ]
  for (const [what, params] of halves)
    test(`a public client with ${what} gets no code (OA-02)`, async () => {
      const { location } = await (await signedIn(open)).authorize(params)
      assert.equal(location?.searchParams.get('error'), 'invalid_request')
      assert.equal(location.searchParams.get('code'), null)
    })

  test('a code works once; a second use ends what the first one gave (OA-10)', async () => {
    const rp = await signedIn(rs)
    const code = await rp.code()
    const { body } = await rp.redeem(code)
    assert.equal((await rp.userInfo(body['access_token']!)).status, 200)
    assert.equal((await rp.redeem(code)).body['error'], 'invalid_grant')
    assert.equal((await rp.userInfo(body['access_token']!)).status, 401)
  })

  test('of many uses at once at most one is answered (OA-10)', async () => {
    const rp = await signedIn(rs)
    const code = await rp.code()
    const answers = await Promise.all(Array.from({ length: 8 }, () => rp.redeem(code)))
    assert.ok(answers.filter(({ status }) => status === 200).length <= 1)
    assert.ok(answers.every(({ status, body }) => status === 200 || body['error'] === 'invalid_grant'))
  })

  test('a code is worth nothing to another client, at another address, or too late (OA-10)', async () => {
    const rp = await signedIn(hs)
    const code = await rp.code()
    const other = anonymous(rs)
    assert.equal((await other.redeem(code)).body['error'], 'invalid_grant')
    assert.equal((await rp.redeem(code)).status, 200)
    const moved = await rp.code()
    assert.equal((await rp.redeem(moved, { redirect_uri: 'https://foo.example.com/' })).body['error'], 'invalid_grant')
    assert.equal((await rp.redeem(moved)).body['error'], 'invalid_grant')
    const late = await rp.code()
    await bench.ctx.db
      .update(oidcArtifacts)
      .set({ expires: new Date(0) })
      .where(eq(oidcArtifacts.model, 'AuthorizationCode'))
    assert.equal((await rp.redeem(late)).body['error'], 'invalid_grant')
  })

  test('nothing that was issued can be read in the database', async () => {
    const rp = await signedIn(rs)
    const { body } = await rp.redeem(await rp.code({ scope: 'openid offline_access' }))
    const stored = JSON.stringify(await bench.ctx.db.select().from(oidcArtifacts))
    for (const secret of [body['access_token']!, body['refresh_token']!, 'alice@example.com'])
      assert.equal(stored.includes(secret), false)
  })
})

describe('refresh tokens', () => {
  test('come with offline_access, rotate, and a replayed one ends the family', async () => {
    const rp = await signedIn(rs)
    const first = await rp.redeem(await rp.code({ scope: 'openid email offline_access' }))
    const second = await rp.refresh(first.body['refresh_token']!)
    assert.equal(second.status, 200)
    assert.notEqual(second.body['refresh_token'], first.body['refresh_token'])
    assert.equal(decodeJwt(second.body['id_token']!).sub, decodeJwt(first.body['id_token']!).sub)
    assert.equal((await rp.userInfo(second.body['access_token']!)).status, 200)
    assert.equal((await rp.refresh(first.body['refresh_token']!)).body['error'], 'invalid_grant')
    assert.equal((await rp.refresh(second.body['refresh_token']!)).body['error'], 'invalid_grant')
    assert.equal((await rp.userInfo(second.body['access_token']!)).status, 401)
  })

  test('never gain a scope, and belong to their client', async () => {
    const rp = await signedIn(rs)
    const { body } = await rp.redeem(await rp.code({ scope: 'openid offline_access' }))
    const widened = await rp.post('token', {
      grant_type: 'refresh_token',
      refresh_token: body['refresh_token']!,
      scope: 'openid email',
    })
    assert.equal(widened.body['error'], 'invalid_scope')
    assert.equal((await anonymous(hs).refresh(body['refresh_token']!)).body['error'], 'invalid_grant')
  })
})

describe('redirect URIs (OA-03, OA-04)', () => {
  const refused = [
    'javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'https://rp.example.com/callback#fragment',
    'https://rp.example.com/callback/',
    'https://rp.example.com/Callback',
    'https://RP.example.com/callback',
    'https://rp.example.com:443/callback',
    'https://rp.example.com/x/../callback',
    'https://rp.example.com/%63allback',
    'https://user@rp.example.com/callback',
    'https://rp.example.com.evil.example/callback',
    'https://rp.example.com/callback?x=1',
    'http://rp.example.com/callback',
    'https://fooaexample.com/',
    'https://foo.example.com',
    'https://foo.example.com/?',
    'https://foo.example.com//',
    'https://rp.еxample.com/callback',
    '',
  ]
  for (const uri of refused)
    for (const mode of ['query', 'form_post', 'fragment'])
      test(`${JSON.stringify(uri)} (${mode}) is refused on a page of ours`, async () => {
        const rp = await signedIn(hs)
        const response = await rp.fetch(rp.authorizeUrl({ redirect_uri: uri, response_mode: mode }))
        assert.equal(response.status, 400)
        assert.equal(response.headers.get('location'), null)
        assert.equal((await response.text()).includes(`action="${uri}`) && uri !== '', false)
      })

  for (const uri of MIXED)
    test(`beside one with a scheme of its own, ${uri} is as good as alone (OA-04)`, async () => {
      const rp = await signedIn(mixed, alice, uri)
      const { location } = await rp.authorize()
      assert.ok(location?.href.startsWith(uri), String(location))
      assert.equal((await rp.redeem(location!.searchParams.get('code')!)).status, 200)
    })

  const near = [
    'http://127.0.0.1:9999/cb',
    'http://127.0.0.1/cb',
    'http://127.0.0.2:8000/cb',
    'http://localhost:9999/cb',
    'http://localhost/cb',
    'http://[::1]:9999/cb',
    'http://[::1]/cb',
    'http://127.0.0.1:8000/cb?x',
    'http://intranet.example.com:8000/cb',
    'https://localhost:9999/cb',
    'https://foo.example.com/',
    'https://foo.example.com/cb',
    'com.example.app:/cb/',
    'com.example.app:/other',
    'com.example.app://cb',
    'com.example.app2:/cb',
    'COM.example.app:/cb',
  ]
  for (const uri of near)
    test(`beside one with a scheme of its own, ${uri} is still not what was registered (OA-04)`, async () => {
      for (const application of [mixed, native]) {
        const rp = await signedIn(application)
        const response = await rp.fetch(rp.authorizeUrl({ redirect_uri: uri }))
        assert.deepEqual([response.status, response.headers.get('location')], [400, null])
      }
    })

  test('a provider with none has none, and learns none', async () => {
    const none = await bench.addApplication({ slug: 'none', redirectUris: '' })
    const patterns = await bench.addApplication({ slug: 'patterns', redirectUris: 'javascript:x\n*\n.*' })
    for (const application of [none, patterns])
      for (let attempt = 0; attempt < 2; attempt++) {
        const rp = await signedIn(application)
        assert.equal((await rp.fetch(rp.authorizeUrl())).status, 400)
      }
    const [row] = await bench.ctx.db.select().from(oauth2Providers).where(eq(oauth2Providers.id, none.providerId))
    assert.equal(row?.redirectUris, '')
  })
})

describe('after a logout (OA-05)', () => {
  const to = (url: string) =>
    `/application/o/hs/end-session/?post_logout_redirect_uri=${encodeURIComponent(url)}&state=s`

  test('a link alone signs nobody out; the confirmed form does', async () => {
    const rp = await signedIn(hs)
    const asked = await rp.fetch(to('https://rp.example.com/bye'))
    const page = await asked.text()
    assert.equal(asked.status, 200)
    assert.ok(await rp.code())
    const forged = new URLSearchParams({ csrf: 'x', post_logout_redirect_uri: 'https://rp.example.com/bye' })
    assert.equal((await rp.fetch('/application/o/hs/end-session/', { method: 'POST', body: forged })).status, 200)
    assert.ok(await rp.code())
    const fields = [...page.matchAll(/name="([^"]+)" value="([^"]+)"/g)].map((each) => [each[1]!, each[2]!])
    const left = await rp.fetch('/application/o/hs/end-session/', { method: 'POST', body: new URLSearchParams(fields) })
    assert.equal(left.headers.get('location'), 'https://rp.example.com/bye?state=s')
    assert.equal((await rp.authorize({ prompt: 'none' })).location?.searchParams.get('error'), 'login_required')
  })

  test('an id token of the session signs out without a question; one of another session, or an access token, does not', async () => {
    const rp = await signedIn(hs)
    const other = await signedIn(hs)
    const own = await rp.redeem(await rp.code())
    const foreign = await other.redeem(await other.code())
    for (const hint of [foreign.body['id_token']!, own.body['access_token']!, 'x', `${own.body['id_token']}x`]) {
      const response = await rp.fetch(`${to('https://rp.example.com/')}&id_token_hint=${hint}`)
      assert.match(await response.text(), /Sign out\?/)
    }
    const left = await rp.fetch(`${to('https://rp.example.com/')}&id_token_hint=${own.body['id_token']}`)
    assert.equal(left.headers.get('location'), 'https://rp.example.com/?state=s')
    assert.equal((await rp.authorize({ prompt: 'none' })).location?.searchParams.get('error'), 'login_required')
  })

  for (const target of [
    'https://rp.example.com.evil.example/',
    'https://evil.example/',
    'javascript:alert(1)',
    '//rp.example.com/',
    'https://rp.example.com@evil.example/',
  ])
    test(`nobody is sent to ${target}`, async () => {
      const response = await anonymous(hs).fetch(to(target))
      assert.equal(response.status, 200)
      assert.equal(response.headers.get('location'), null)
    })
})

describe('clients', () => {
  test('tokens of another client are unknown, and cannot be revoked (OA-07, OA-23)', async () => {
    const rp = await signedIn(rs)
    const { body } = await rp.redeem(await rp.code({ scope: 'openid offline_access' }))
    const other = anonymous(hs)
    for (const token of [body['access_token']!, body['refresh_token']!]) {
      assert.deepEqual((await other.post('introspect', { token })).body, { active: false })
      assert.equal((await other.post('revoke', { token })).status, 200)
    }
    assert.equal((await rp.userInfo(body['access_token']!)).status, 200)
    assert.equal((await rp.refresh(body['refresh_token']!)).status, 200)
  })

  test('a token is told to be an access token; a refresh token is active for nobody but a client that asks for one', async () => {
    const rp = await signedIn(rs)
    const { body } = await rp.redeem(await rp.code({ scope: 'openid offline_access' }))
    const { access_token: access, refresh_token: refresh } = body as { access_token: string; refresh_token: string }
    const ask = async (token: string, hint?: string) =>
      (await rp.post('introspect', { token, ...(hint === undefined ? {} : { token_type_hint: hint }) })).body as Record<
        string,
        unknown
      >
    for (const hint of [undefined, 'access_token', 'refresh_token', 'other']) {
      const told = await ask(access, hint)
      assert.deepEqual([told['active'], told['token_type']], [true, 'Bearer'], String(hint))
    }
    for (const hint of [undefined, '', 'access_token', 'other', 'REFRESH_TOKEN'])
      assert.deepEqual(await ask(refresh, hint), { active: false }, String(hint))
    const told = await ask(refresh, 'refresh_token')
    assert.deepEqual([told['active'], told['token_type'], told['client_id']], [true, undefined, rs.clientId])
    assert.equal(told['sub'], (await ask(access))['sub'], 'a user has one name for a client')
    assert.equal((await rp.userInfo(refresh)).status, 401)
  })

  test('a client revokes what is its own', async () => {
    const rp = await signedIn(rs)
    const { body } = await rp.redeem(await rp.code({ scope: 'openid offline_access' }))
    assert.equal((await rp.post('revoke', { token: body['access_token']! })).status, 200)
    assert.equal((await rp.userInfo(body['access_token']!)).status, 401)
  })

  const grants = ['authorization_code', 'refresh_token', 'client_credentials', 'password']
  for (const grant_type of grants)
    test(`${grant_type} with a wrong secret is invalid_client (OA-23)`, async () => {
      const form = {
        grant_type,
        client_secret: 'wrong',
        username: 'alice',
        password: 'x',
        code: 'x',
        refresh_token: 'x',
      }
      const { status, body } = await anonymous(hs).post('token', {
        ...form,
        redirect_uri: 'https://rp.example.com/callback',
      })
      assert.deepEqual([status, body['error']], [401, 'invalid_client'])
    })

  for (const grant_type of ['client_credentials', 'password'])
    test(`${grant_type} is not for this client (OA-22)`, async () => {
      const { status, body } = await anonymous(hs).post('token', { grant_type, username: 'alice', password: 'x' })
      assert.deepEqual([status, body['error']], [400, 'unauthorized_client'])
    })

  test('an unknown client is invalid_client everywhere', async () => {
    const nobody = new RelyingParty(bench.origin, { clientId: 'nobody', clientSecret: 'x' })
    for (const endpoint of ['token', 'introspect', 'revoke']) {
      const { status, body } = await nobody.post(endpoint, { token: 'x', grant_type: 'authorization_code' })
      assert.deepEqual([status, body['error']], [401, 'invalid_client'])
    }
    assert.equal((await nobody.fetch(nobody.authorizeUrl())).status, 400)
  })

  test('scripts may call from the origins of the redirect URIs only', async () => {
    const call = (origin: string) =>
      anonymous(hs).post('token', { grant_type: 'refresh_token', refresh_token: 'x' }, { origin })
    const own = await call('https://rp.example.com')
    assert.equal(own.headers.get('access-control-allow-origin'), 'https://rp.example.com')
    assert.equal(own.body['error'], 'invalid_grant')
    const foreign = await call('https://rp.example.com.evil.example')
    assert.equal(foreign.headers.get('access-control-allow-origin'), null)
    assert.equal(foreign.body['error'], 'invalid_request')
  })

  test('implicit and hybrid response types are not offered (OA-22)', async () => {
    const rp = await signedIn(hs)
    for (const response_type of ['token', 'id_token', 'code id_token', 'id_token token']) {
      const { location } = await rp.authorize({ response_type })
      assert.match(location?.hash ?? '', /error=unsupported_response_type/)
    }
  })
})

describe('tokens that are not ours (API-22, OA-12)', () => {
  test('cut, extended, changed or re-signed tokens are worth nothing', async () => {
    const rp = await signedIn(rs)
    const { body } = await rp.redeem(await rp.code())
    const token = body['access_token']!
    const [header, payload, signature] = token.split('.') as [string, string, string]
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const forged = [
      token.slice(0, -1),
      `${token}A`,
      `${header}.${payload}.`,
      `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
      `${encode({ ...decodeProtectedHeader(token), kid: '../../etc/passwd' })}.${payload}.${signature}`,
      `${header}.${encode({ ...decodeJwt(token), sub: 'admin' })}.${signature}`,
      body['id_token']!,
    ]
    for (const each of forged) {
      assert.equal((await rp.userInfo(each)).status, 401)
      assert.deepEqual((await rp.post('introspect', { token: each })).body, { active: false })
    }
    assert.equal((await rp.userInfo(token)).status, 200)
  })

  test('a session id that is cut or extended is none', async () => {
    const key = await bench.signIn(alice)
    for (const cookie of [key.slice(0, -1), `${key}A`, key.toUpperCase(), `${key.slice(0, -1)}~`]) {
      const rp = anonymous(hs)
      rp.setCookie('authentik_session', cookie)
      assert.equal((await rp.authorize({ prompt: 'none' })).location?.searchParams.get('error'), 'login_required')
    }
  })
})

describe('hostile parameters (OA-15)', () => {
  for (const params of [{ state: 'x'.repeat(10_000) }, { state: 'a\u0000b' }, { nonce: 'a\r\nSet-Cookie: x=y' }])
    test(`${JSON.stringify(params).slice(0, 40)} is refused and not repeated`, async () => {
      const rp = await signedIn(hs)
      const response = await rp.fetch(rp.authorizeUrl(params))
      assert.equal(response.status, 400)
      assert.equal(response.headers.get('location'), null)
      assert.doesNotMatch(await response.text(), /xxxx|Set-Cookie/)
    })

  test('what an application is told is never HTML of the peer', async () => {
    const rp = await signedIn(hs)
    const response = await rp.fetch(
      rp.authorizeUrl({ redirect_uri: 'https://x/"><script>alert(1)</script>', state: '"><script>' }),
    )
    assert.doesNotMatch(await response.text(), /<script/)
  })

  test('the address of the core is that of the request; a Host that is none is refused', async () => {
    const { request } = await import('node:http')
    const issuerFor = (headers: Record<string, string>) =>
      new Promise<[number, string]>((resolve, reject) => {
        const url = `${bench.origin}/application/o/hs/.well-known/openid-configuration`
        request(url, { headers }, async (res) => {
          const body = Buffer.concat(await res.toArray()).toString()
          resolve([res.statusCode!, res.statusCode === 200 ? (JSON.parse(body) as { issuer: string }).issuer : ''])
        })
          .on('error', reject)
          .end()
      })
    assert.deepEqual(await issuerFor({ host: 'sso.example.com', 'x-forwarded-proto': 'https' }), [
      200,
      'https://sso.example.com/application/o/hs/',
    ])
    assert.deepEqual(await issuerFor({ host: 'evil"><x' }), [400, ''])
  })
})

test('a changed secret counts at once, the old one not any more', async () => {
  const application = await bench.addApplication({ slug: 'rotated' })
  const rp = await signedIn(application)
  const code = await rp.code()
  const clientSecret = bench.ctx.keys.seal('a new secret', `providers_oauth2.client_secret:${application.providerId}`)
  await bench.ctx.db.update(oauth2Providers).set({ clientSecret }).where(eq(oauth2Providers.id, application.providerId))
  await bench.changed('authentik_providers_oauth2.oauth2provider')
  assert.equal((await rp.redeem(code)).body['error'], 'invalid_client')
  assert.equal((await rp.redeem(code, { client_secret: 'a new secret' })).status, 200)
})
