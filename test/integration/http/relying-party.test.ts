import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { ProxyServer } from '#outposts/http/server/proxy-server.ts'
import { outpostHost } from '#test/support/outpost-host.ts'

// A core that plays any part, so that the outpost can be told every lie: it issues what a test wants it to.
const OUTPOST = '/outpost.goauthentik.io'
const own = await generateKeyPair('ES256')
const foreign = await generateKeyPair('ES256')
const keys = { keys: [{ ...(await exportJWK(own.publicKey)), kid: 'key', alg: 'ES256' }] }

let core: Server
let outpost: ProxyServer
let issuer: string
/** What the outpost has sent for a token, and the id token that it is given. */
let redeemed: URLSearchParams | undefined
let issue: (nonce: string) => Promise<string>
/** By code: the nonce that the browser brought. */
const nonces = new Map<string, string>()

before(async () => {
  core = createServer(async (req, res) => {
    const answer = await answerOf(req)
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  }).listen(0, '127.0.0.1')
  await once(core, 'listening')
  const coreUrl = `http://127.0.0.1:${(core.address() as AddressInfo).port}`
  issuer = `${coreUrl}/application/o/app/`
  outpost = await startOutpost(coreUrl, ['127.0.0.0/8'])
})
after(async () => {
  await outpost.close(AbortSignal.timeout(1000))
  core.close()
  core.closeAllConnections()
})

async function answerOf(req: IncomingMessage): Promise<object> {
  if (req.url === '/jwks/') return keys
  if (req.url !== '/token/') return {}
  redeemed = new URLSearchParams(await text(req))
  const id_token = await issue(nonces.get(redeemed.get('code') ?? '') ?? '')
  return { id_token, access_token: 'access-token-of-the-tests' }
}

async function startOutpost(coreUrl: string, trustedProxyCidrs: readonly string[]): Promise<ProxyServer> {
  const provider = {
    pk: 1,
    name: 'app',
    external_host: 'http://app.example',
    client_id: 'client',
    client_secret: 'secret',
    cookie_secret: 'cookie-secret-of-the-tests',
    mode: 'forward_single',
    skip_path_regex: '/public',
    access_token_validity: 3600,
    scopes_to_request: ['openid', 'profile'],
    assigned_application_slug: 'app',
    assigned_application_name: 'App',
    oidc_configuration: {
      issuer,
      authorization_endpoint: `${coreUrl}/authorize/`,
      token_endpoint: `${coreUrl}/token/`,
      userinfo_endpoint: `${coreUrl}/userinfo/`,
      end_session_endpoint: `${coreUrl}/end/`,
      introspection_endpoint: `${coreUrl}/introspect/`,
      jwks_uri: `${coreUrl}/jwks/`,
      response_types_supported: ['code'],
      id_token_signing_alg_values_supported: ['ES256'],
      subject_types_supported: ['public'],
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
  }
  const body = { pagination: { next: 0 }, results: [provider] }
  const host = await outpostHost({
    core: { request: async () => ({ kind: 'ok', status: 200, etag: undefined, body }) },
    coreUrl,
    trustedProxyCidrs,
  })
  const server = new ProxyServer(host)
  await server.configure({ pk: 'o', name: 'edge', config: {} })
  await server.listen()
  return server
}

async function ask(path: string, headers: Record<string, string> = {}, at = outpost) {
  const req = request({ port: at.ports[0], host: '127.0.0.1', path, headers: { host: 'app.example', ...headers } })
  req.end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  await text(res)
  return { status: res.statusCode, headers: res.headers, cookies: res.headers['set-cookie'] ?? [] }
}

/** Begins a sign-in: what the browser is sent to the core with, and the cookies of this sign-in. */
async function begin() {
  const { status, headers, cookies } = await ask(`${OUTPOST}/start?rd=%2Fdeep`)
  assert.equal(status, 302)
  const { searchParams: params } = new URL(headers.location!)
  return { params, cookie: cookies.map((line) => line.split(';')[0]).join('; ') }
}

/** Comes back from the core as the browser that began. */
function comeBack({ params, cookie }: Awaited<ReturnType<typeof begin>>, code = 'code') {
  nonces.set(code, params.get('nonce') ?? '')
  const query = new URLSearchParams({ 'X-authentik-auth-callback': 'true', state: params.get('state') ?? '', code })
  return ask(`${OUTPOST}/callback?${query}`, { cookie })
}
const sessionsIn = (cookies: readonly string[]) =>
  cookies.filter((line) => /^authentik_proxy_\w{8}=/.test(line) && !line.includes('Max-Age=0'))

const claims = (nonce: string): JWTPayload => {
  const now = Math.floor(Date.now() / 1000)
  return { iss: issuer, aud: 'client', iat: now, exp: now + 60, sub: 'uid', nonce, preferred_username: 'demo' }
}
const signed = (payload: JWTPayload, { privateKey } = own) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'key' }).sign(privateKey)

suite('signing in at the core', () => {
  before(() => {
    issue = (nonce) => signed(claims(nonce))
  })

  test('start asks for a code with a fresh challenge, state and nonce each time', async () => {
    const begun = [await begin(), await begin()]
    for (const { params } of begun) {
      assert.deepEqual([params.get('response_type'), params.get('code_challenge_method')], ['code', 'S256'])
      assert.match(params.get('code_challenge') ?? '', /^[\w-]{43}$/)
      assert.equal(params.get('redirect_uri'), `http://app.example${OUTPOST}/callback?X-authentik-auth-callback=true`)
    }
    for (const name of ['code_challenge', 'state', 'nonce'])
      assert.equal(new Set(begun.map(({ params }) => params.get(name))).size, 2, name)
  })

  test('the code is redeemed with the verifier of that challenge, and the nonce makes a session', async () => {
    const begun = await begin()
    const { status, headers, cookies } = await comeBack(begun)
    assert.deepEqual([status, headers.location], [302, 'http://app.example/deep'])
    assert.equal(sessionsIn(cookies).length, 1)
    const verifier = redeemed?.get('code_verifier') ?? ''
    assert.equal(createHash('sha256').update(verifier).digest('base64url'), begun.params.get('code_challenge'))
    assert.equal(redeemed?.get('redirect_uri'), begun.params.get('redirect_uri'))
  })

  test('PX-38: a state is redeemed once', async () => {
    const begun = await begin()
    assert.equal((await comeBack(begun)).status, 302)
    redeemed = undefined
    const again = await comeBack(begun)
    assert.deepEqual([again.status, again.cookies.length, redeemed], [400, 0, undefined])
  })

  test('PX-15: two tabs sign in beside each other, and neither completes the other', async () => {
    const [first, second] = [await begin(), await begin()]
    const both = `${first.cookie}; ${second.cookie}`
    assert.equal((await comeBack({ ...first, cookie: second.cookie })).status, 400)
    assert.equal((await comeBack({ ...second, cookie: both }, 'second')).status, 302)
    assert.equal((await comeBack({ ...first, cookie: both }, 'first')).status, 302)
  })
})

const lies: ReadonlyArray<[what: string, issue: (nonce: string) => Promise<string> | string]> = [
  ['the nonce of another sign-in', () => signed(claims('another'))],
  ['the signature of another key', (nonce) => signed(claims(nonce), foreign)],
  ['another audience', (nonce) => signed({ ...claims(nonce), aud: 'other' })],
  ['another issuer', (nonce) => signed({ ...claims(nonce), iss: `${issuer}x` })],
  ['alg none', (nonce) => new UnsecuredJWT(claims(nonce)).encode()],
  ['its time over', (nonce) => signed({ ...claims(nonce), exp: claims(nonce).iat! - 60 })],
  ['an empty user name', (nonce) => signed({ ...claims(nonce), preferred_username: '' })],
]
suite('an id token that lies', () => {
  for (const [what, token] of lies)
    test(`one with ${what} makes no session`, async () => {
      issue = async (nonce) => token(nonce)
      const { status, cookies } = await comeBack(await begin())
      assert.equal(status, 400)
      assert.deepEqual(sessionsIn(cookies), [])
    })
})

test('PX-01: a proxy that is not trusted speaks for nobody', async () => {
  const strict = await startOutpost(issuer.replace('/application/o/app/', ''), [])
  const endpoints: ReadonlyArray<[path: string, headers: Record<string, string>]> = [
    ['nginx', { 'x-original-url': 'http://app.example/public' }],
    ['traefik', { 'x-forwarded-proto': 'http', 'x-forwarded-host': 'app.example', 'x-forwarded-uri': '/public' }],
    ['caddy', { 'x-forwarded-proto': 'http', 'x-forwarded-host': 'app.example', 'x-forwarded-uri': '/public' }],
    ['envoy/public', {}],
  ]
  for (const [path, headers] of endpoints) {
    assert.equal((await ask(`${OUTPOST}/auth/${path}`, headers)).status, 200, path)
    assert.equal((await ask(`${OUTPOST}/auth/${path}`, headers, strict)).status, 401, path)
  }
  await strict.close(AbortSignal.timeout(1000))
})
