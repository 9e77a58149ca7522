import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import { WebSocket } from 'ws'
import { HttpFleet, Visitor } from '#test/support/http-fleet.ts'

let fleet: HttpFleet
let tokens: Readonly<Record<string, string>>

before(async () => {
  fleet = await HttpFleet.start({
    app: { skip_path_regex: '/public' },
    other: {},
    // Its applications read the tokens of their clients themselves.
    own: { intercept_header_auth: false },
  })
  const visitor = new Visitor(fleet)
  await visitor.signIn()
  const own = await fleet.tokens('app', visitor)
  const foreign = await fleet.tokens('other', visitor)
  const reading = await fleet.tokens('own', visitor)
  tokens = {
    'its own access token': own.access_token,
    'its own refresh token': own.refresh_token,
    'its own id token': own.id_token,
    'the access token of another application': foreign.access_token,
    'a token of nobody': 'not-a-token-of-anybody',
    'the access token of one that reads tokens itself': reading.access_token,
  }
})
after(() => fleet[Symbol.asyncDispose]())

/** How a request with a token comes to the outpost: its status, and what the answer says about who it is. */
interface Way {
  readonly name: string
  ask(headers: Readonly<Record<string, string>>): Promise<{ status: number; username: string | undefined }>
}

const forward = (dialect: string, described: () => Readonly<Record<string, string>>): Way => ({
  name: `forward auth (${dialect})`,
  async ask(headers) {
    const { status, headers: answer } = await fleet.ask(`/outpost.goauthentik.io/auth/${dialect}`, {
      headers: { ...described(), ...headers },
    })
    assert.equal(answer.authorization, undefined, 'an edge that copies it takes it away from the application')
    return { status, username: answer['x-authentik-username'] as string | undefined }
  },
})
const forwarded = () => ({
  'x-forwarded-proto': 'http',
  'x-forwarded-host': fleet.host('app'),
  'x-forwarded-uri': '/deep',
})
const WAYS: readonly Way[] = [
  {
    name: 'proxy mode',
    async ask(headers) {
      fleet.forget()
      const { status } = await fleet.ask('/deep', { headers })
      const { seen } = fleet
      assert.equal(seen?.headers.authorization, undefined)
      return { status, username: seen?.headers['x-authentik-username'] as string | undefined }
    },
  },
  forward('nginx', () => ({ 'x-original-url': `http://${fleet.host('app')}/deep` })),
  forward('traefik', forwarded),
  forward('caddy', forwarded),
  forward('envoy/deep', () => ({})),
  {
    name: 'a WebSocket',
    async ask(headers) {
      fleet.forget()
      const socket = await fleet.upgrade('/ws', headers)
      const { seen } = fleet
      assert.equal(seen?.headers.authorization, undefined)
      if (typeof socket === 'number') return { status: socket, username: undefined }
      socket.close()
      await once(socket, 'close')
      return { status: 200, username: seen?.headers['x-authentik-username'] as string | undefined }
    },
  },
]

const NAVIGATION = { 'sec-fetch-mode': 'navigate', accept: 'text/html' }
for (const way of WAYS)
  suite(`PX-39: a bearer token in ${way.name}`, () => {
    for (const time of ['first', 'second'])
      test(`its own access token is its user, the ${time} time`, async () => {
        const authorization = `Bearer ${tokens['its own access token']}`
        assert.deepEqual(await way.ask({ authorization }), { status: 200, username: 'demo' })
      })

    const refused = [
      'its own refresh token',
      'its own id token',
      'the access token of another application',
      'a token of nobody',
    ]
    for (const what of refused)
      test(`${what} is 401, also for a navigation`, async () => {
        const authorization = `bearer ${tokens[what]}`
        for (const headers of [{ authorization }, { authorization, ...NAVIGATION }])
          assert.deepEqual(await way.ask(headers), { status: 401, username: undefined })
      })

    test('no token after the scheme is 401', async () =>
      assert.deepEqual(await way.ask({ authorization: 'Bearer' }), { status: 401, username: undefined }))
  })

test('PX-39: a refusal says what is wrong with the token', async () => {
  const { headers } = await fleet.ask('/', { headers: { authorization: 'Bearer not-a-token-of-anybody' } })
  assert.equal(headers['www-authenticate'], 'Bearer error="invalid_token"')
})

test('PX-39: two tokens are none', async () => {
  const own = `Bearer ${tokens['its own access token']}`
  for (const authorization of [
    [own, own],
    ['Bearer x', own],
  ])
    assert.equal((await fleet.ask('/', { headers: { authorization } })).status, 401)
})

test('other credentials than tokens are for the application: whoever has no session signs in', async () =>
  assert.equal((await fleet.ask('/', { headers: { authorization: 'Basic ZGVtbzpkZW1v' } })).status, 302))

test('PX-39: a public path is open whatever token comes, and the token goes no further', async () => {
  const { status } = await fleet.ask('/public', { headers: { authorization: 'Bearer not-a-token-of-anybody' } })
  assert.equal(status, 200)
  assert.equal(fleet.seen?.headers.authorization, undefined)
  assert.equal(fleet.seen?.headers['x-authentik-username'], '')
})

test('PX-39: with a session, the token of an application goes no further, the second time neither', async () => {
  const visitor = new Visitor(fleet)
  await visitor.signIn()
  for (let time = 0; time < 2; time++) {
    await fleet.ask('/', { headers: { cookie: visitor.cookie(), authorization: 'Bearer something-of-its-own' } })
    assert.equal(fleet.seen?.headers.authorization, undefined)
    assert.equal(fleet.seen?.headers['x-authentik-username'], 'demo')
  }
})

suite('an application that reads tokens itself', () => {
  const to = () => fleet.host('own')

  test('PX-39: no token opens it, not even its own', async () => {
    const authorization = `Bearer ${tokens['the access token of one that reads tokens itself']}`
    assert.equal((await fleet.ask('/', { to: to(), headers: { authorization } })).status, 401)
  })

  test('gets the one of a visitor who is signed in, also from an edge', async () => {
    const visitor = new Visitor(fleet)
    await visitor.signIn(`http://${to()}/`)
    const headers = { cookie: visitor.cookie(to()), authorization: 'Bearer something-of-its-own' }
    await fleet.ask('/', { to: to(), headers })
    assert.equal(fleet.seen?.headers.authorization, headers.authorization)
    const answer = await fleet.ask('/outpost.goauthentik.io/auth/nginx', {
      headers: { ...headers, 'x-original-url': `http://${to()}/` },
    })
    assert.equal(answer.headers.authorization, headers.authorization)
  })
})

test('PX-17: a WebSocket that a token opened ends with the access of its user', async () => {
  const socket = await fleet.upgrade('/ws', { authorization: `Bearer ${tokens['its own access token']}` })
  assert.ok(socket instanceof WebSocket)
  const closed = once(socket, 'close')
  const { body } = await fleet.core.api('GET', '/core/users/?username=demo')
  await fleet.core.api('PATCH', `/core/users/${body.results[0].pk}/`, { is_active: false })
  await closed
})
