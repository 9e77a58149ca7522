import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { Sessions } from '#outposts/http/session/sessions.ts'
import { type Answer, type Asking, HttpFleet, Visitor } from '#test/support/http-fleet.ts'

let fleet: HttpFleet
let host: string
/** Name and value of each cookie of a session that needs several. */
let chunks: readonly (readonly [name: string, value: string])[]
let another: readonly (readonly [name: string, value: string])[]
let name: string
let ofOther: string
let underOldKey: string

const pairsOf = (cookie: string) =>
  cookie
    .split('; ')
    .map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string])
    .filter(([each]) => each.startsWith('authentik_proxy_'))
    .sort()
const headerOf = (pairs: readonly (readonly [string, string])[]) => pairs.map((pair) => pair.join('=')).join('; ')

before(async () => {
  fleet = await HttpFleet.start({ app: {}, other: {} })
  host = fleet.host('app')
  const { body: users } = await fleet.core.api('GET', '/core/users/?username=demo')
  const attributes = { noise: randomBytes(5_500).toString('base64url') }
  await fleet.core.api('PATCH', `/core/users/${users.results[0].pk}/`, { attributes })
  const visitor = new Visitor(fleet)
  const sessions: (typeof chunks)[] = []
  for (let time = 0; time < 2; time++) {
    await visitor.signIn(`http://${host}/outpost.goauthentik.io/start`)
    sessions.push(pairsOf(visitor.cookie()))
  }
  ;[chunks = [], another = []] = sessions
  name = chunks[0]![0]
  await visitor.open(`http://${fleet.host('other')}/`)
  ofOther = pairsOf(visitor.cookie(fleet.host('other')))
    .map(([each, value]) => [each.replace(/^authentik_proxy_[^-]+/, name), value] as const)
    .map((pair) => pair.join('='))
    .join('; ')
  const { body: feed } = await fleet.core.api('GET', '/outposts/proxy/')
  const { pk, client_id } = feed.results.find((each: { name: string }) => each.name === 'app')
  const before = new Sessions({ secret: 'before', owner: `${pk} ${client_id}`, cookieName: name, isSecure: false })
  const claims = Buffer.from(JSON.stringify({ sub: 'uid', preferred_username: 'demo' })).toString('base64url')
  const now = Date.now()
  const validity = { id: 'x', issuedAt: now, expires: now + 60_000 }
  underOldKey = before.begin(`h.${claims}.s`, validity, { header: undefined, now })![0]!.split(';')[0]!
})
after(() => fleet[Symbol.asyncDispose]())

const whole = () => headerOf(chunks)
const changedAt = (text: string, index: number) =>
  `${text.slice(0, index)}${text[index] === 'A' ? 'B' : 'A'}${text.slice(index + 1)}`
const altered = (index: number, change: (value: string) => string) =>
  headerOf(chunks.map(([each, value], at) => [each, at === index ? change(value) : value]))

const BROKEN: ReadonlyArray<[what: string, cookie: () => string]> = [
  ['its last characters missing', () => altered(chunks.length - 1, (value) => value.slice(0, -4))],
  ['a character changed', () => altered(0, (value) => changedAt(value, 40))],
  ['its length changed', () => altered(0, (value) => `9${value.slice(1)}`)],
  ['the value of another application', () => ofOther],
  ['a value under an old key', () => underOldKey],
  ['a gap', () => headerOf(chunks.filter((_, index) => index !== 1))],
  ['no beginning', () => headerOf(chunks.slice(1))],
  ['a part of another session', () => headerOf([...chunks.slice(0, -1), another.at(-1)!])],
  ['a part too many', () => `${whole()}; ${name}-9=AAAA`],
  ['50 parts with a gap', () => Array.from({ length: 50 }, (_, index) => `${name}-${index + 2}=AAAA`).join('; ')],
  ['one name twice', () => `${whole()}; ${name}=1.AAAA`],
  ['everything twice', () => `${whole()}; ${whole()}`],
  ['random octets', () => `${name}=1.${randomBytes(300).toString('base64url')}`],
  ['8 kB', () => `${name}=1.${'A'.repeat(8_192)}`],
  ['nothing in it', () => `${name}=`],
]

/** Where a cookie is shown, and the status for whoever has no session. */
const auth = (dialect: string, headers: () => Asking['headers'] = () => ({})) =>
  ({ path: `/outpost.goauthentik.io/auth/${dialect}`, headers }) as const
const forwarded = () => ({ 'x-forwarded-proto': 'http', 'x-forwarded-host': host, 'x-forwarded-uri': '/deep' })
const PLACES: ReadonlyArray<
  [place: string, asking: { path: string; headers?: () => Asking['headers'] }, status: number]
> = [
  ['proxy mode', { path: '/deep' }, 302],
  ['nginx', auth('nginx', () => ({ 'x-original-url': `http://${host}/deep` })), 401],
  ['traefik', auth('traefik', forwarded), 302],
  ['caddy', auth('caddy', forwarded), 302],
  ['envoy', auth('envoy/deep'), 302],
]

const removed = ({ headers }: Answer) =>
  new Set(
    (headers['set-cookie'] ?? [])
      .filter((line) => /=; Path=\/; Max-Age=0; /.test(line))
      .map((line) => line.split('=')[0]),
  )
/** The names that a session of this application can have. */
const ownNames = (cookie: string) =>
  new Set(
    pairsOf(cookie)
      .map(([each]) => each)
      .filter((each) => each.replace(/-\d$/, '') === name),
  )

for (const [place, { path, headers = () => ({}) }, status] of PLACES)
  suite(`PX-12: in ${place}`, () => {
    test('a session of several cookies passes, in any order', async () => {
      assert.ok(chunks.length >= 3)
      for (const cookie of [whole(), headerOf(chunks.toReversed())])
        assert.equal((await fleet.ask(path, { headers: { ...headers(), cookie } })).status, 200)
    })

    for (const [what, cookieOf] of BROKEN)
      test(`a cookie with ${what} is no session, and is removed`, async () => {
        const cookie = cookieOf()
        fleet.forget()
        const answer = await fleet.ask(path, { headers: { ...headers(), cookie } })
        assert.equal(answer.status, status)
        assert.equal(answer.headers['x-authentik-username'], undefined)
        assert.equal(fleet.seen, undefined)
        assert.notEqual(ownNames(cookie).size, 0)
        assert.deepEqual(removed(answer), ownNames(cookie))
      })
  })

test('PX-12: a form that is sent with a broken cookie is 401, and the cookie is removed', async () => {
  const cookie = headerOf(chunks.slice(1))
  const answer = await fleet.ask('/form', { method: 'POST', headers: { cookie } })
  assert.equal(answer.status, 401)
  assert.deepEqual(removed(answer), ownNames(cookie))
})

test('PX-13: whoever has lost a part of a session lands where they wanted to go after one sign-in', async () => {
  const visitor = new Visitor(fleet)
  await visitor.signIn(`http://${host}/`)
  visitor.setCookie(`${name}-1`, undefined)
  const page = await visitor.open(`http://${host}/deep?a=1`)
  assert.deepEqual([page.status, page.url], [200, `http://${host}/deep?a=1`])
  assert.equal((await fleet.ask('/', { headers: { cookie: visitor.cookie() } })).status, 200)
})
