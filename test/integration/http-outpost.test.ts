import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { kind } from '#outposts/http/kind.ts'
import type { ProxyServer } from '#outposts/http/server/proxy-server.ts'
import { SAMPLE_PASSWORD, startCore, type TestCore } from '#test/support/core.ts'
import { freePort, until } from '#test/support/engines/process.ts'
import { startOutpost, type TestOutpost, tokenOf } from '#test/support/outpost.ts'

let core: TestCore
let outpost: TestOutpost
let upstream: Server
let port: number
let host: string
/** What the application got last. */
let seen: { url: string; headers: IncomingMessage['headers']; raw: readonly string[]; body: string } | undefined

before(async () => {
  upstream = createServer((req, res) => {
    const parts: Buffer[] = []
    req.on('data', (part) => parts.push(part))
    req.on('end', () => {
      seen = { url: req.url ?? '', headers: req.headers, raw: req.rawHeaders, body: Buffer.concat(parts).toString() }
      res.writeHead(200, { 'x-application': 'yes', 'set-cookie': 'own=1' }).end('the application')
    })
  }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  new WebSocketServer({ server: upstream }).on('connection', (socket) =>
    socket.on('message', (data) => socket.send(data)),
  )

  core = await startCore()
  const external = await freePort()
  host = `sample.localhost:${external}`
  const { body: providers } = await core.api('GET', '/providers/proxy/')
  const sample = providers.results.find((each: any) => each.name === 'sample')
  const changed = await core.api('PATCH', `/providers/proxy/${sample.pk}/`, {
    mode: 'proxy',
    external_host: `http://${host}`,
    internal_host: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/base`,
    skip_path_regex: '/public',
  })
  assert.equal(changed.status, 200, JSON.stringify(changed.body))
  const { pk, token } = await tokenOf(core.api, 'proxy')
  await core.api('PATCH', `/outposts/instances/${pk}/`, { config: { authentik_host: core.url } })
  outpost = await startOutpost(kind, core.url, token)
  port = (outpost.outpost.server as ProxyServer).ports[0]!
})
after(async () => {
  await outpost[Symbol.asyncDispose]()
  await core[Symbol.asyncDispose]()
  upstream.close()
  upstream.closeAllConnections()
})

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A request to the outpost (or, for the core's own host, to the core), with exactly these headers. */
async function ask(
  path: string,
  {
    method = 'GET',
    headers = {},
    to = host,
    body,
  }: { method?: string; headers?: Record<string, string | string[]>; to?: string; body?: string } = {},
): Promise<Answer> {
  const atCore = to === new URL(core.url).host
  const req = request({
    host: '127.0.0.1',
    port: atCore ? new URL(core.url).port : port,
    path,
    method,
    headers: { host: to, ...headers },
  })
  req.end(body)
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  const parts: Buffer[] = []
  for await (const part of res) parts.push(part as Buffer)
  return { status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(parts).toString() }
}

/** A browser: cookies by host, redirects, the two forms of the sign-in. */
class Visitor {
  readonly #jars = new Map<string, Map<string, string>>()

  cookie(to = host): string {
    return [...(this.#jars.get(to) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async open(
    url: string,
    options: { method?: string; form?: Record<string, string> } = {},
  ): Promise<Answer & { url: string }> {
    const at = new URL(url)
    const body = options.form === undefined ? undefined : new URLSearchParams(options.form).toString()
    const answer = await ask(at.pathname + at.search, {
      to: at.host,
      method: options.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        cookie: this.cookie(at.host),
        ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(body === undefined ? {} : { body }),
    })
    const jar = this.#jars.get(at.host) ?? new Map<string, string>()
    this.#jars.set(at.host, jar)
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [name = '', value = ''] = line.split(';')[0]!.split(/=(.*)/s)
      if (/Max-Age=0|1970/.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    const { location } = answer.headers
    return location === undefined ? { ...answer, url } : this.open(new URL(location, url).href)
  }

  async signIn(path = '/', username = 'demo'): Promise<Answer & { url: string }> {
    let page = await this.open(`http://${host}${path}`)
    for (const answer of [{ uid_field: username }, { password: SAMPLE_PASSWORD }]) {
      const csrf = /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
      const component = /name="component" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
      page = await this.open(page.url, { form: { csrf, component, ...answer } as Record<string, string> })
    }
    return page
  }
}

suite('signing in', () => {
  test('PX-37: a deep link with its query is where the visitor lands', async () => {
    const page = await new Visitor().signIn('/deep/link?a=1&b=%2F%20x')
    assert.equal(page.url, `http://${host}/deep/link?a=1&b=%2F%20x`)
    assert.equal(page.status, 200)
    assert.equal(seen?.url, '/base/deep/link?a=1&b=%2F%20x')
    assert.equal(seen?.headers['x-authentik-username'], 'demo')
    assert.equal(seen?.headers['x-authentik-groups'], 'staff')
    assert.equal(seen?.headers.host, host)
  })

  test('PX-37: a POST without a session is told so, and reaches nobody', async () => {
    seen = undefined
    const answer = await ask('/form', { method: 'POST', body: 'a=1' })
    assert.equal(answer.status, 401)
    assert.equal(seen, undefined)
  })

  test('PX-38: a state counts once, and only in the browser that began', async () => {
    const visitor = new Visitor()
    const start = await ask('/outpost.goauthentik.io/start?rd=%2F')
    assert.equal(start.status, 302)
    const state = new URL(start.headers.location!).searchParams.get('state')!
    assert.equal((await ask(`/outpost.goauthentik.io/callback?state=${state}&code=x`)).status, 400)
    await visitor.signIn()
    const first = visitor.cookie()
    await visitor.open(`http://${host}/outpost.goauthentik.io/start?rd=%2F`)
    assert.notEqual(visitor.cookie(), first, 'a new sign-in has a new session value')
    assert.equal((await ask(`/outpost.goauthentik.io/callback?state=${state}x&code=x`)).status, 400)
  })

  test('guest is refused by the core', async () => {
    const page = await new Visitor().signIn('/', 'guest')
    assert.equal(page.status, 403)
  })

  test('signing out is asked for by a link, done by a form, and ends the session at the core too', async () => {
    const visitor = new Visitor()
    await visitor.signIn()
    const cookie = visitor.cookie()
    assert.equal((await ask('/outpost.goauthentik.io/sign_out', { headers: { cookie } })).status, 200)
    assert.equal((await ask('/', { headers: { cookie } })).status, 200)
    const foreign = { cookie, origin: 'https://evil.example' }
    assert.equal((await ask('/outpost.goauthentik.io/sign_out', { method: 'POST', headers: foreign })).status, 403)
    await visitor.open(`http://${host}/outpost.goauthentik.io/sign_out`, { method: 'POST' })
    assert.equal((await ask('/', { headers: { cookie } })).status, 302)
    const again = await visitor.open(`http://${host}/`)
    assert.match(again.url, /\/if\/flow\//, 'the core asks for the name again')
  })
})

suite('what reaches the application', () => {
  let cookie: string
  before(async () => {
    const visitor = new Visitor()
    await visitor.signIn()
    cookie = visitor.cookie()
  })

  test('PX-05 and PX-06: identity headers come from us alone', async () => {
    const spoofed = {
      'x-authentik-username': 'akadmin',
      x_authentik_username: 'akadmin',
      'X.Authentik.Username': 'akadmin',
      connection: 'close, x-authentik-username',
      'x-authentik-superuser': 'true',
    }
    await ask('/', { headers: { cookie, ...spoofed } })
    assert.ok(!seen!.raw.join('\n').includes('akadmin'))
    assert.ok(!seen!.raw.join('\n').includes('superuser'))
    assert.equal(seen!.headers['x-authentik-username'], 'demo')
  })

  test('our cookies stay here, those of the application go through', async () => {
    await ask('/', { headers: { cookie: `${cookie}; theirs=1` } })
    assert.equal(seen!.headers.cookie, 'own=1; theirs=1')
  })

  test('a body is passed on, and so is the answer', async () => {
    const answer = await ask('/form', { method: 'POST', body: 'a=1', headers: { cookie, 'content-length': '3' } })
    assert.equal(seen!.body, 'a=1')
    assert.equal(answer.headers['x-application'], 'yes')
    assert.deepEqual(answer.headers['set-cookie'], ['own=1'])
  })

  test('PX-07: a public path carries every identity header, empty', async () => {
    await ask('/public', { headers: { 'x-authentik-username': 'akadmin' } })
    assert.equal(seen!.headers['x-authentik-username'], '')
    assert.equal(seen!.headers['x-authentik-groups'], '')
  })

  test('a WebSocket goes through with a session, and ends with it', async () => {
    const refused = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { host } })
    refused.on('error', () => {})
    assert.equal((await once(refused, 'unexpected-response'))[1].statusCode, 401)
    const visitor = new Visitor()
    await visitor.signIn()
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { host, cookie: visitor.cookie() } })
    await once(socket, 'open')
    socket.send('hello')
    assert.equal(String((await once(socket, 'message'))[0]), 'hello')
    const closed = once(socket, 'close')
    const { body } = await core.api('GET', '/core/users/?username=demo')
    await core.api('PATCH', `/core/users/${body.results[0].pk}/`, { is_active: false })
    await closed
    await until(
      'the session is void',
      async () => (await ask('/', { headers: { cookie: visitor.cookie() } })).status === 302,
    )
    await core.api('PATCH', `/core/users/${body.results[0].pk}/`, { is_active: true })
    const after = await new Visitor().signIn()
    assert.equal(after.status, 200, 'a sign-in right after it counts')
  })
})

suite('PX-39: bearer tokens', () => {
  test('one of another application, or none, is no session', async () => {
    for (const authorization of ['Bearer not-a-token-of-anybody', 'Basic ZGVtbzpkZW1v', 'Bearer '])
      assert.equal((await ask('/', { headers: { authorization } })).status, 302)
  })

  test('one of this application is, and goes no further, the second time neither', async () => {
    const visitor = new Visitor()
    await visitor.signIn()
    await ask('/', { headers: { cookie: visitor.cookie() } })
    for (let time = 0; time < 2; time++) {
      await ask('/', { headers: { cookie: visitor.cookie(), authorization: 'Bearer something-of-the-application' } })
      assert.equal(seen!.headers.authorization, undefined)
    }
  })
})

suite('forward auth', () => {
  const forward = (dialect: string, headers: Record<string, string | string[]>) =>
    ask(`/outpost.goauthentik.io/auth/${dialect}`, { headers })
  const nginx = (path: string, more: Record<string, string> = {}) =>
    forward('nginx', { 'x-original-url': `http://${host}${path}`, ...more })
  let cookie: string
  before(async () => {
    const visitor = new Visitor()
    await visitor.signIn()
    cookie = visitor.cookie()
  })

  test('nginx gets 401 without a session, 200 with all headers with one', async () => {
    assert.equal((await nginx('/')).status, 401)
    const allowed = await nginx('/', { cookie })
    assert.equal(allowed.status, 200)
    assert.equal(allowed.headers['x-authentik-username'], 'demo')
  })

  test('PX-07: 200 for a public path says that nobody is there', async () => {
    const { status, headers } = await nginx('/public')
    assert.equal(status, 200)
    assert.equal(headers['x-authentik-username'], '')
  })

  for (const path of [
    '/outpost.goauthentik.io/x',
    '/outpost.goauthentik.io/ping',
    '/OUTPOST.goauthentik.io/x',
    '/%6futpost.goauthentik.io/',
    '/public/../outpost.goauthentik.io/x',
  ])
    test(`PX-02: ${path} as a forwarded path opens nothing`, async () => assert.equal((await nginx(path)).status, 401))

  for (const url of ['http://[::1', 'http://a b/', '//x', '/x', '', 'http://other.example/', 'javascript:x'])
    test(`PX-04: ${url || 'nothing'} in place of the original URL is 401`, async () =>
      assert.equal((await forward('nginx', { 'x-original-url': url, cookie })).status, 401))

  test('PX-03: two original URLs are 401', async () =>
    assert.equal(
      (await forward('nginx', { 'x-original-url': [`http://${host}/public`, `http://${host}/`], cookie })).status,
      401,
    ))

  for (const dialect of ['traefik', 'caddy'])
    test(`${dialect} is sent to where people sign in`, async () => {
      const headers = { 'x-forwarded-proto': 'http', 'x-forwarded-host': host, 'x-forwarded-uri': '/deep?a=1' }
      const { status, headers: answer } = await forward(dialect, headers)
      assert.equal(status, 302)
      assert.equal(new URL(answer.location!).searchParams.get('rd'), `http://${host}/deep?a=1`)
      assert.equal((await forward(dialect, { ...headers, cookie })).status, 200)
    })

  for (const cookie of ['authentik_proxy_', 'x'.repeat(8000)])
    test(`PX-12: a cookie that is none (${cookie.length} characters) is 401`, async () =>
      assert.equal((await nginx('/', { cookie })).status, 401))
})

test('ping answers on its exact path only', async () => {
  assert.equal((await ask('/outpost.goauthentik.io/ping', { to: 'anything' })).status, 204)
  for (const path of ['/outpost.goauthentik.io/ping/../x', '/outpost.goauthentik.io/ping/x'])
    assert.notEqual((await ask(path, { to: 'anything' })).status, 204)
})

test('a host that nobody has is 404, two hosts are 400', async () => {
  assert.equal((await ask('/', { to: 'nobody.example' })).status, 404)
  assert.equal((await ask('/', { to: `${host}, other` })).status, 400)
})
