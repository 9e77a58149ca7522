import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { IDENTITY_HEADERS } from '#schema/api/header-names.ts'
import { type Answer, HttpFleet, Visitor } from '#test/support/http-fleet.ts'

let fleet: HttpFleet
let cookie: string

before(async () => {
  fleet = await HttpFleet.start({
    app: { mode: 'forward_single', skip_path_regex: '/public(/.*)?' },
    open: { mode: 'forward_single', skip_path_regex: '.*' },
  })
  const visitor = new Visitor(fleet)
  // In these modes the application is behind the other proxy: what the outpost says there itself is 404.
  assert.equal((await visitor.signIn(`http://${fleet.host('app')}/outpost.goauthentik.io/start`)).status, 404)
  cookie = visitor.cookie()
})
after(() => fleet[Symbol.asyncDispose]())

type Headers = Readonly<Record<string, string | readonly string[]>>
interface Question {
  readonly target: string
  readonly host?: string
  readonly method?: string
  readonly headers?: Headers
}

/** How one reverse proxy asks: with what it sends of its own, and without a body. */
interface Edge {
  readonly name: string
  readonly redirects: boolean
  /** The headers that it asks with. */
  readonly own: readonly string[]
  ask(question: Question): Promise<Answer>
}

const OUTPOST = '/outpost.goauthentik.io'
const forwarded = (name: string): Edge => ({
  name,
  redirects: true,
  own: ['x-forwarded-host', 'x-forwarded-uri'],
  ask: ({ target, host = fleet.host('app'), method = 'GET', headers = {} }) =>
    fleet.ask(`${OUTPOST}/auth/${name}`, {
      to: 'outpost.internal:9080',
      headers: {
        'x-forwarded-proto': 'http',
        'x-forwarded-host': host,
        'x-forwarded-uri': target,
        'x-forwarded-method': method,
        'x-forwarded-for': '192.0.2.1',
        'x-forwarded-port': '80',
        'x-forwarded-server': 'edge',
        'x-real-ip': '192.0.2.1',
        ...headers,
      },
    }),
})
const nginx: Edge = {
  name: 'nginx',
  redirects: false,
  own: ['x-original-url'],
  ask: ({ target, host = fleet.host('app'), method = 'GET', headers = {} }) =>
    fleet.ask(`${OUTPOST}/auth/nginx`, {
      to: host,
      method,
      headers: { 'x-original-url': `http://${host}${target}`, 'x-forwarded-proto': 'http', ...headers },
    }),
}
/** The path is put behind the endpoint's, host and method stay: `path_prefix` of its HTTP authorization service. */
const envoy: Edge = {
  name: 'envoy',
  redirects: true,
  own: [],
  ask: ({ target, host = fleet.host('app'), method = 'GET', headers = {} }) =>
    fleet.ask(`${OUTPOST}/auth/envoy${target}`, { to: host, method, headers: { 'content-length': '0', ...headers } }),
}
/** What any of the proxies says about the request; a client may say it too. */
const CLAIMS = ['x-original-url', 'x-original-uri', 'x-forwarded-host', 'x-forwarded-uri']
const claimed = (header: string) =>
  ({
    'x-original-url': `http://${fleet.host('app')}/public`,
    'x-original-uri': '/public',
    'x-forwarded-host': fleet.host('open'),
    'x-forwarded-uri': '/public',
  })[header]!
const EDGES: readonly Edge[] = [nginx, forwarded('traefik'), forwarded('caddy'), envoy]

const valuesIn = ({ headers }: Answer) => IDENTITY_HEADERS.map((name) => headers[name.toLowerCase()])

for (const edge of EDGES)
  suite(edge.name, () => {
    const isRefused = ({ status, headers }: Answer) => {
      assert.equal(status, edge.redirects ? 302 : 401)
      assert.equal(headers['x-authentik-username'], undefined)
    }

    test('a session passes, with every identity header', async () => {
      const answer = await edge.ask({ target: '/deep?a=1', headers: { cookie } })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['x-authentik-username'], 'demo')
      assert.equal(answer.headers['x-authentik-meta-app'], 'app')
      assert.ok(valuesIn(answer).every((value) => value !== undefined))
    })

    test('whoever is not signed in is sent to where people do, or told 401', async () => {
      const answer = await edge.ask({ target: '/deep?a=1' })
      isRefused(answer)
      if (!edge.redirects) return
      const to = new URL(answer.headers.location!)
      assert.equal(`${to.host}${to.pathname}`, `${fleet.host('app')}${OUTPOST}/start`)
      assert.equal(to.searchParams.get('rd'), `http://${fleet.host('app')}/deep?a=1`)
    })

    const programs: ReadonlyArray<[what: string, question: Omit<Question, 'target'>]> = [
      ['a POST', { method: 'POST' }],
      ['a DELETE', { method: 'DELETE' }],
      ['what a script fetches', { headers: { 'sec-fetch-mode': 'cors' } }],
      ['a WebSocket', { headers: { 'sec-fetch-mode': 'websocket' } }],
      ['XMLHttpRequest', { headers: { 'x-requested-with': 'XMLHttpRequest' } }],
    ]
    for (const [what, question] of programs)
      test(`PX-37: ${what} without a session is 401`, async () =>
        assert.equal((await edge.ask({ target: '/deep', ...question })).status, 401))

    test('PX-07: 200 for a public path says of every identity header that there is nobody', async () => {
      for (const target of ['/public', '/public/a?b=c']) {
        const answer = await edge.ask({ target })
        assert.equal(answer.status, 200)
        assert.deepEqual(
          valuesIn(answer),
          IDENTITY_HEADERS.map(() => ''),
        )
      }
    })

    for (const target of [
      '/publicity',
      '/public.',
      '/public-admin',
      '/?x=/public',
      '/public/../admin',
      '/public%2f../admin',
    ])
      test(`PX-08: ${target} is not public`, async () => isRefused(await edge.ask({ target })))

    test('everything is public where the provider says so', async () =>
      assert.equal((await edge.ask({ target: '/anything', host: fleet.host('open') })).status, 200))

    const outpostPaths = ['/x', '/ping', '/start', '/callback?code=x', '/auth/nginx', '', '?x'].map(
      (rest) => `${OUTPOST}${rest}`,
    )
    const disguised = ['/OUTPOST.goauthentik.io/x', '/%6futpost.goauthentik.io/', '/a/../outpost.goauthentik.io/x']
    for (const target of [...outpostPaths, ...disguised])
      test(`PX-02: ${target} as the path of somebody else's request opens nothing, even where all is public`, async () => {
        for (const headers of [{}, { 'x-original-uri': target }])
          isRefused(await edge.ask({ target, host: fleet.host('open'), headers }))
      })

    test('PX-02: another header with a path of the outpost opens nothing', async () => {
      for (const uri of [`${OUTPOST}/x`, `${OUTPOST}/ping`])
        for (const headers of [{ 'x-original-uri': uri }, { 'x-original-url': `http://${fleet.host('app')}${uri}` }])
          assert.equal((await edge.ask({ target: '/deep', headers })).status, 401)
    })

    for (const header of CLAIMS)
      test(`PX-03: ${header} that says something else makes a question ambiguous, with a session too`, async () => {
        const claim = claimed(header)
        // What the proxy itself asks with is replaced by a client's; else the client's comes beside it.
        const headers = { cookie, [header]: edge.own.includes(header) ? [claim, claim] : claim }
        assert.equal((await edge.ask({ target: '/deep', headers })).status, 401)
      })

    test('PX-04: a host that is none, or of no application, is no question', async () => {
      for (const host of ['nobody.example', `${fleet.host('app')}, ${fleet.host('open')}`, 'user@app', 'app/x'])
        for (const headers of [{}, { cookie }])
          assert.equal((await edge.ask({ target: '/public', host, headers })).status, 401, host)
    })

    for (const target of ['//evil.example/', '/a\\b'])
      test(`PX-04: ${target} is no path, with a session too`, async () =>
        assert.equal((await edge.ask({ target, headers: { cookie } })).status, 401))
  })

const inPlaceOfUrl = ['http://[::1', 'http://a b/', '//x', '/x', '', 'javascript:x', 'http://user@app/', 'http:///x']
for (const url of inPlaceOfUrl)
  test(`PX-04: nginx: ${url || 'nothing'} in place of the original URL is 401`, async () => {
    const headers = { 'x-original-url': url, cookie }
    assert.equal((await fleet.ask(`${OUTPOST}/auth/nginx`, { headers })).status, 401)
  })

test('PX-02: nginx: an original path without an original URL is 401', async () => {
  for (const uri of [`${OUTPOST}/x`, '/public', '/'])
    for (const headers of [{ 'x-original-uri': uri }, { 'x-original-uri': uri, cookie }])
      assert.equal((await fleet.ask(`${OUTPOST}/auth/nginx`, { headers })).status, 401)
})

const malformed: ReadonlyArray<[what: string, headers: Headers]> = [
  ['no scheme', { 'x-forwarded-proto': '' }],
  ['another scheme', { 'x-forwarded-proto': 'javascript' }],
  ['two schemes', { 'x-forwarded-proto': ['http', 'https'] }],
  ['no host', { 'x-forwarded-host': '' }],
  ['half an address for a host', { 'x-forwarded-host': '[::1' }],
  ['no path', { 'x-forwarded-uri': '' }],
  ['a path in absolute form', { 'x-forwarded-uri': 'http://app.localhost/public' }],
  ['a path with a blank', { 'x-forwarded-uri': '/public x' }],
  ['two paths', { 'x-forwarded-uri': ['/public', '/deep'] }],
]
for (const edge of [forwarded('traefik'), forwarded('caddy')])
  for (const [what, headers] of malformed)
    test(`PX-04: ${edge.name}: ${what} is 401, with a session too`, async () => {
      for (const more of [{}, { cookie }])
        assert.equal((await edge.ask({ target: '/public', headers: { ...headers, ...more } })).status, 401)
    })

test('PX-04: the endpoints answer on their own path only, and not to a target in absolute form', async () => {
  const asked = { 'x-original-url': `http://${fleet.host('app')}/public`, cookie }
  for (const path of ['/auth/nginx/', '/auth/nginx/x', '/auth/envoyx', '/AUTH/nginx', '/auth/%6eginx'])
    assert.equal((await fleet.ask(`${OUTPOST}${path}`, { headers: asked })).status, 404, path)
  for (const dialect of ['nginx', 'traefik', 'caddy', 'envoy/public']) {
    const target = `http://${fleet.host('app')}${OUTPOST}/auth/${dialect}`
    assert.equal((await fleet.ask(target, { headers: asked })).status, 400, dialect)
  }
})
