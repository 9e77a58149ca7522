import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import { WebSocket } from 'ws'
import { IDENTITY_HEADERS } from '#schema/api/header-names.ts'
import { until } from '#test/support/engines/process.ts'
import { HttpFleet, Visitor } from '#test/support/http-fleet.ts'

let fleet: HttpFleet
let host: string

before(async () => {
  fleet = await HttpFleet.start({
    app: { skip_path_regex: '/public(/.*)?' },
    basic: {
      basic_auth_enabled: true,
      basic_auth_user_attribute: 'app_user',
      basic_auth_password_attribute: 'app_password',
      intercept_header_auth: false,
    },
    staff: {},
  })
  host = fleet.host('app')
  const { body: staff } = await fleet.core.api('GET', '/core/applications/staff/')
  const { body: groups } = await fleet.core.api('GET', '/core/groups/?name=staff')
  const binding = { target: staff.pk, group: groups.results[0].pk, order: 0 }
  assert.equal((await fleet.core.api('POST', '/policies/bindings/', binding)).status, 201)
})
after(() => fleet[Symbol.asyncDispose]())

const start = (rd: string) => `http://${host}/outpost.goauthentik.io/start?rd=${encodeURIComponent(rd)}`
/** Spellings that an application may take for the header. */
const spellings = (name: string) => [
  name,
  name.toUpperCase(),
  name.replaceAll('-', '_'),
  name.replaceAll('-', '.'),
  name.replace('-', '_'),
  name.replaceAll('-', ''),
]
const FORGED = Object.fromEntries(
  [...IDENTITY_HEADERS, 'X-authentik-superuser'].flatMap((name) => spellings(name).map((each) => [each, 'forged'])),
)

suite('signing in', () => {
  const landings: ReadonlyArray<[what: string, open: () => string, lands: string]> = [
    ['a deep link with its query', () => `http://${host}/deep/link?a=1&b=%2F%20x`, '/deep/link?a=1&b=%2F%20x'],
    ['a link with a fragment', () => start(`http://${host}/deep?a=1#part`), '/deep?a=1#part'],
    ['a path', () => start('/deep?x=1'), '/deep?x=1'],
    ['another place', () => start('https://evil.example/deep'), '/'],
  ]
  for (const [what, open, lands] of landings)
    test(`PX-37: whoever begins at ${what} lands at ${lands}`, async () => {
      const page = await new Visitor(fleet).signIn(open())
      assert.equal(page.url, `http://${host}${lands}`)
      assert.equal(page.status, 200)
      assert.equal(fleet.seen?.url, `/base${lands.replace(/#.*/, '')}`)
      assert.equal(fleet.seen?.headers['x-authentik-username'], 'demo')
      assert.equal(fleet.seen?.headers['x-authentik-groups'], 'staff')
      assert.equal(fleet.seen?.headers.host, host)
    })

  test('PX-37: a POST without a session is told so, and reaches nobody', async () => {
    fleet.forget()
    const answer = await fleet.ask('/form', { method: 'POST', body: 'a=1' })
    assert.equal(answer.status, 401)
    assert.equal(fleet.seen, undefined)
  })

  test('PX-38: a state counts only in the browser that began', async () => {
    const { headers } = await fleet.ask('/outpost.goauthentik.io/start?rd=%2F')
    const state = new URL(headers.location!).searchParams.get('state')!
    assert.equal((await fleet.ask(`/outpost.goauthentik.io/callback?state=${state}&code=x`)).status, 400)
  })

  test('PX-38: a callback that has made a session, with its state and cookies, makes no second one', async () => {
    const visitor = new Visitor(fleet)
    const { location } = await visitor.signIn(`http://${host}/deep`, {
      follow: ({ pathname }) => pathname !== '/outpost.goauthentik.io/callback',
    })
    assert.equal(location?.host, host)
    const again = () => fleet.ask(location.pathname + location.search, { headers: { cookie: visitor.cookie() } })
    const sets = ({ headers }: Awaited<ReturnType<typeof again>>) =>
      (headers['set-cookie'] ?? []).filter((line) => !line.includes('Max-Age=0'))
    const [first, second] = [await again(), await again()]
    assert.deepEqual([first.status, sets(first).length], [302, 1])
    assert.deepEqual([second.status, sets(second).length], [400, 0])
  })

  test('PX-38: a new sign-in has a new session value', async () => {
    const visitor = new Visitor(fleet)
    await visitor.signIn()
    const before = visitor.cookie()
    await visitor.open(start('/'))
    assert.notEqual(visitor.cookie(), before)
  })

  test('guest is refused by the core', async () => {
    const page = await new Visitor(fleet).signIn(`http://${fleet.host('staff')}/`, { username: 'guest' })
    assert.equal(page.status, 403)
  })

  test('signing out is asked for by a link, done by a form, and ends the session at the core too', async () => {
    const visitor = new Visitor(fleet)
    await visitor.signIn()
    const cookie = visitor.cookie()
    const signOut = (method: string, headers: Record<string, string>) =>
      fleet.ask('/outpost.goauthentik.io/sign_out', { method, headers })
    assert.equal((await signOut('GET', { cookie })).status, 200)
    assert.equal((await fleet.ask('/', { headers: { cookie } })).status, 200)
    assert.equal((await signOut('POST', { cookie, origin: 'https://evil.example' })).status, 403)
    await visitor.open(`http://${host}/outpost.goauthentik.io/sign_out`, { method: 'POST' })
    assert.equal((await fleet.ask('/', { headers: { cookie } })).status, 302)
    const again = await visitor.open(`http://${host}/`)
    assert.match(again.url, /\/if\/flow\//, 'the core asks for the name again')
  })
})

suite('what reaches the application', () => {
  let cookie: string
  before(async () => {
    const visitor = new Visitor(fleet)
    await visitor.signIn()
    cookie = visitor.cookie()
  })
  const identity = () => IDENTITY_HEADERS.map((name) => fleet.seen?.headers[name.toLowerCase()])

  test('PX-05 and PX-06: identity headers come from us alone', async () => {
    await fleet.ask('/', { headers: { cookie } })
    const genuine = identity()
    const connection = `close, ${IDENTITY_HEADERS.join(', ')}`
    await fleet.ask('/', { headers: { cookie, ...FORGED, connection } })
    assert.deepEqual(identity(), genuine)
    assert.equal(genuine[0], 'demo')
    assert.doesNotMatch(fleet.seen!.raw.join('\n'), /forged/)
  })

  test('PX-07: a public path carries every identity header, empty', async () => {
    await fleet.ask('/public/a', { headers: FORGED })
    assert.deepEqual(
      identity(),
      IDENTITY_HEADERS.map(() => ''),
    )
    assert.doesNotMatch(fleet.seen!.raw.join('\n'), /forged/)
  })

  test('PX-08: only the public path itself is public', async () => {
    for (const path of ['/publicity', '/public.', '/public-admin', '/public%2f..%2fadmin', '/x?/public'])
      assert.equal((await fleet.ask(path)).status, 302, path)
  })

  test('PX-06: Connection cannot take away the credentials that we set', async () => {
    const { body } = await fleet.core.api('GET', '/core/users/?username=demo')
    const attributes = { app_user: 'a', app_password: 'b' }
    await fleet.core.api('PATCH', `/core/users/${body.results[0].pk}/`, { attributes })
    const to = fleet.host('basic')
    const visitor = new Visitor(fleet)
    await visitor.signIn(`http://${to}/`)
    const headers = {
      cookie: visitor.cookie(to),
      connection: 'close, Authorization',
      authorization: 'Bearer of-the-client',
    }
    await fleet.ask('/', { to, headers })
    assert.equal(fleet.seen?.headers.authorization, `Basic ${Buffer.from('a:b').toString('base64')}`)
  })

  test('our cookies stay here, those of the application go through', async () => {
    await fleet.ask('/', { headers: { cookie: `${cookie}; theirs=1` } })
    assert.equal(fleet.seen!.headers.cookie, 'own=1; theirs=1')
  })

  test('a body is passed on, and so is the answer', async () => {
    const headers = { cookie, 'content-length': '3' }
    const answer = await fleet.ask('/form', { method: 'POST', body: 'a=1', headers })
    assert.equal(fleet.seen!.body, 'a=1')
    assert.equal(answer.headers['x-application'], 'yes')
    assert.deepEqual(answer.headers['set-cookie'], ['own=1'])
  })
})

suite('WebSockets', () => {
  test('one without a session is refused', async () => assert.equal(await fleet.upgrade('/ws'), 401))

  test('PX-05: one carries identity headers from us alone', async () => {
    const visitor = new Visitor(fleet)
    await visitor.signIn()
    for (const [path, headers, username] of [
      ['/ws', { ...FORGED, cookie: visitor.cookie() }, 'demo'],
      ['/public/ws', FORGED, ''],
    ] as const) {
      const socket = await fleet.upgrade(path, headers)
      assert.ok(socket instanceof WebSocket)
      assert.equal(fleet.seen?.headers['x-authentik-username'], username)
      assert.doesNotMatch(fleet.seen!.raw.join('\n'), /forged/)
      socket.close()
      await once(socket, 'close')
    }
  })

  test('PX-17: one goes through with a session, and ends with it', async () => {
    const visitor = new Visitor(fleet)
    await visitor.signIn()
    const socket = await fleet.upgrade('/ws', { cookie: visitor.cookie() })
    assert.ok(socket instanceof WebSocket)
    socket.send('hello')
    assert.equal(String((await once(socket, 'message'))[0]), 'hello')
    const closed = once(socket, 'close')
    const { body } = await fleet.core.api('GET', '/core/users/?username=demo')
    const demo = `/core/users/${body.results[0].pk}/`
    await fleet.core.api('PATCH', demo, { is_active: false })
    await closed
    await until(
      'the session is void',
      async () => (await fleet.ask('/', { headers: { cookie: visitor.cookie() } })).status === 302,
    )
    await fleet.core.api('PATCH', demo, { is_active: true })
    assert.equal((await new Visitor(fleet).signIn()).status, 200, 'a sign-in right after it counts')
  })
})

suite('what a request is for', () => {
  test('ping answers on its exact path only', async () => {
    assert.equal((await fleet.ask('/outpost.goauthentik.io/ping', { to: 'anything' })).status, 204)
    for (const path of ['/outpost.goauthentik.io/ping/../x', '/outpost.goauthentik.io/ping/x'])
      assert.notEqual((await fleet.ask(path, { to: 'anything' })).status, 204)
  })

  test('a host that nobody has is 404, two hosts are 400', async () => {
    assert.equal((await fleet.ask('/', { to: 'nobody.example' })).status, 404)
    assert.equal((await fleet.ask('/', { to: `${host}, other` })).status, 400)
  })

  for (const target of ['http://{host}/', 'http://{host}/public', 'http://other.example/public', '*'])
    test(`PX-11: the request target ${target} is 400, and reaches nobody`, async () => {
      const visitor = new Visitor(fleet)
      await visitor.signIn()
      fleet.forget()
      const headers = { cookie: visitor.cookie() }
      const method = target === '*' ? 'OPTIONS' : 'GET'
      assert.equal((await fleet.ask(target.replace('{host}', host), { method, headers })).status, 400)
      assert.equal(fleet.seen, undefined)
    })
})
