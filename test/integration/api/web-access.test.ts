// Everything that a core answers beside the API, whose routes each say who may use them (api-access.test.ts).
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Router } from 'express'
import { API_ROUTES } from '#core/api/router.ts'
import { startCore, type TestCore } from '#test/support/core.ts'

let core: TestCore
before(async () => {
  core = await startCore()
})
after(() => core[Symbol.asyncDispose]())

const SIGN_IN = '/flows/-/default/authentication/'

/** Every route, what a stranger is answered there, and why: a new one belongs here only with a reason. */
const ROUTES: ReadonlyArray<[route: string, asked: string, answer: string, why: string]> = [
  ['GET /-/health/live/', '/-/health/live/', '204', 'says that the process answers, and nothing else'],
  ['GET /-/health/ready/', '/-/health/ready/', '204', 'says that the database answers, and nothing else'],

  ['GET /application/o/authorize/', '/application/o/authorize/', '400', 'for registered clients only'],
  ['POST /application/o/authorize/', '/application/o/authorize/', '400', 'for registered clients only'],
  [
    'GET /application/o/authorize/:uid',
    '/application/o/authorize/x',
    '400',
    'goes on with an interaction that was begun',
  ],
  [
    'GET /application/o/interaction/:uid/',
    '/application/o/interaction/x/',
    '400',
    'goes on with one, for its browser only',
  ],
  ['POST /application/o/token/', '/application/o/token/', '401', 'for clients that prove who they are'],
  ['POST /application/o/introspect/', '/application/o/introspect/', '401', 'for clients that prove who they are'],
  ['POST /application/o/revoke/', '/application/o/revoke/', '401', 'for clients that prove who they are'],
  ['GET /application/o/userinfo/', '/application/o/userinfo/', '401', 'for whoever holds an access token'],
  ['POST /application/o/userinfo/', '/application/o/userinfo/', '401', 'for whoever holds an access token'],
  ['OPTIONS /application/o/token/', '/application/o/token/', '204', 'what a browser asks before it asks'],
  ['OPTIONS /application/o/introspect/', '/application/o/introspect/', '204', 'what a browser asks before it asks'],
  ['OPTIONS /application/o/revoke/', '/application/o/revoke/', '204', 'what a browser asks before it asks'],
  ['OPTIONS /application/o/userinfo/', '/application/o/userinfo/', '204', 'what a browser asks before it asks'],
  [
    'GET /application/o/:slug/.well-known/openid-configuration',
    '/application/o/sample/.well-known/openid-configuration',
    '200',
    'public: how to talk to this provider',
  ],
  ['GET /application/o/:slug/jwks/', '/application/o/sample/jwks/', '200', 'public keys'],
  [
    'GET /application/o/:slug/',
    '/application/o/sample/',
    '302 /application/o/sample/.well-known/openid-configuration',
    'another name of the configuration',
  ],
  [
    'GET /application/o/:slug/end-session/',
    '/application/o/sample/end-session/',
    '200',
    'ends the session of whoever confirms it',
  ],
  [
    'POST /application/o/:slug/end-session/',
    '/application/o/sample/end-session/',
    '200',
    'ends the session of whoever confirms it',
  ],

  [
    'GET /api/v3/flows/executor/:slug/',
    '/api/v3/flows/executor/default-authentication-flow/',
    '200',
    'this is where strangers sign in; a flow says whom it is for',
  ],
  ['POST /api/v3/flows/executor/:slug/', '/api/v3/flows/executor/default-authentication-flow/', '200', 'the same'],
  [
    'ALL /api/v3/flows/executor/:slug/',
    '/api/v3/flows/executor/default-authentication-flow/',
    '200',
    'refuses what is left',
  ],

  ['GET /', '/', '302 /if/user/', 'leads to the library'],
  ['GET /if/user/', '/if/user/', `302 ${SIGN_IN}`, 'for whoever is signed in'],
  ['GET /application/launch/:slug/', '/application/launch/sample/', `302 ${SIGN_IN}`, 'for whoever is signed in'],
  ['GET /if/session-end/:slug/', '/if/session-end/sample/', '200', 'the name of the application that sent us somebody'],
  [`ALL ${SIGN_IN}`, SIGN_IN, '302 /if/flow/default-authentication-flow/', 'leads to the flow'],
  [
    'ALL /flows/-/default/invalidation/',
    '/flows/-/default/invalidation/',
    '302 /if/flow/default-invalidation-flow/',
    'leads to the flow',
  ],
  ['GET /flows/-/cancel/', '/flows/-/cancel/', `302 ${SIGN_IN}`, 'forgets what this browser has begun'],
  ['GET /if/flow/:slug/', '/if/flow/default-authentication-flow/', '200', 'this is where strangers sign in'],
  ['POST /if/flow/:slug/', '/if/flow/default-authentication-flow/', '403', 'for forms of ours'],
]

/** What handles every request below a path, in this order. Only the static files answer one. */
const HANDLERS: Readonly<Record<string, readonly string[]>> = {
  '/': [
    'id',
    'headers',
    'address of the client',
    'session',
    'no null characters in pages',
    'no such page',
    'error pages',
    'no such path',
    'errors',
  ],
  '/api': ['no null characters'],
  '/static': ['static files, which are public'],
  '/application/o': ['no null characters', 'form', 'errors as clients know them'],
  '/api/v3/flows/executor': ['errors as challenges'],
  '/api/v3': ['credentials', 'no such resource'],
}

interface Found {
  readonly routes: string[]
  readonly handlers: Map<string, number>
}

/** Everything that is mounted, below these paths. */
function mounted(router: Router, at: string, found: Found = { routes: [], handlers: new Map() }): Found {
  for (const layer of router.stack as unknown as readonly Layer[]) {
    const below = `${at}${layer.rawPath}`.replace(/(?<=.)\/$/, '').replace(/^\/\//, '/')
    if (layer.route !== undefined)
      for (const path of [layer.route.path].flat())
        for (const method of Object.keys(layer.route.methods))
          found.routes.push(`${method === '_all' ? 'ALL' : method.toUpperCase()} ${at.replace(/\/$/, '')}${path}`)
    else if ('stack' in layer.handle) mounted(layer.handle, below, found)
    else found.handlers.set(below, (found.handlers.get(below) ?? 0) + 1)
  }
  return found
}

/** What Express keeps of each use of a router; its types do not say. */
interface Layer {
  readonly rawPath: string
  readonly route?: { readonly path: string | string[]; readonly methods: Readonly<Record<string, true>> }
  readonly handle: Router | (() => void)
}

suite('API-02: everything that a core answers', () => {
  test('is in the API, or on this list', () => {
    const ofApi = API_ROUTES.flatMap(({ path }) => {
      const pattern = `/api/v3/${path.replaceAll(/\{(\w+)\}/g, ':$1')}`
      return [`ALL ${pattern}`, `GET ${pattern.replace(/\/$/, '')}`]
    })
    const { routes, handlers } = mounted(core.core.app.router, '/')
    assert.deepEqual(routes.filter((route) => !ofApi.includes(route)).sort(), ROUTES.map(([route]) => route).sort())
    assert.deepEqual(
      Object.fromEntries(handlers),
      Object.fromEntries(Object.entries(HANDLERS).map(([path, all]) => [path, all.length])),
    )
  })

  for (const [route, asked, answer, why] of ROUTES)
    test(`${route}: ${why}`, async () => {
      const [method = ''] = route.split(' ')
      const response = await fetch(core.url + asked, { method: method === 'ALL' ? 'PUT' : method, redirect: 'manual' })
      await response.body?.cancel()
      const location = response.headers.get('location')
      const to = location === null ? '' : ` ${new URL(location, core.url).pathname}`
      assert.equal(`${response.status}${to}`, answer)
    })

  test('static files are those that pages need', async () => {
    for (const [path, status] of [
      ['/static/martello.css', 200],
      ['/static/martello.svg', 200],
      ['/static/', 404],
      ['/static/../page.ts', 404],
      ['/static/%2e%2e%2fpage.ts', 404],
    ] as const)
      assert.equal((await fetch(core.url + path)).status, status, path)
  })
})
