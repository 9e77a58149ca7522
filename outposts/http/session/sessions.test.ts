import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import { Revocations } from './revocations.ts'
import { Sessions } from './sessions.ts'

const NOW = 1_800_000_000_000
const owner = { secret: 'cookie-secret', owner: '1 client', cookieName: 'authentik_proxy_00000000', isSecure: true }
const claims = { sub: 'uid-1', sid: 'session-1', preferred_username: 'demo', groups: ['staff'] }
const tokenOf = (payload: object) => `h.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.s`
const validity = { id: 'a', issuedAt: NOW, expires: NOW + 60_000 }

function cookiesOf(sessions: Sessions, payload: object = claims): string[] {
  const set = sessions.begin(tokenOf(payload), validity, { header: undefined, now: NOW })
  assert.ok(set !== undefined)
  return set.map((line) => line.split(';')[0]!)
}
const large = {
  ...claims,
  ak_proxy: { user_attributes: { noise: randomBytes(4000).toString('hex') }, is_superuser: false },
}

test('a session is read back, in this process and in another with the same secret', () => {
  const cookie = cookiesOf(new Sessions(owner)).join('; ')
  const visitor = new Sessions(owner).read(cookie, NOW)
  assert.equal(visitor?.identity.preferred_username, 'demo')
  assert.equal(visitor?.token, tokenOf(claims))
})

test('claims that are large take several cookies', () => {
  const cookies = cookiesOf(new Sessions(owner), large)
  assert.ok(cookies.length > 1)
  assert.ok(new Sessions(owner).read(cookies.toReversed().join('; '), NOW) !== undefined)
})

const sessions = new Sessions(owner)
const [whole = ''] = cookiesOf(sessions)
const value = whole.slice(whole.indexOf('=') + 1)
const chunks = cookiesOf(sessions, large)
const name = owner.cookieName
/** The names that a session can have: nine chunks at most are told apart. */
const ownNames = (cookie: string) => {
  const names = cookie.split('; ').map((pair) => pair.split('=')[0]!)
  const found = names.filter((each) => /^authentik_proxy_00000000(?:-\d)?$/.test(each))
  assert.notEqual(found.length, 0)
  return found
}
const bad: ReadonlyArray<[what: string, cookie: string]> = [
  ['random octets', `${name}=1.${randomBytes(300).toString('base64url')}`],
  ['nothing', `${name}=`],
  ['8 kB', `${name}=1.${'A'.repeat(8192)}`],
  ['a truncated value', `${name}=${value.slice(0, -4)}`],
  ['a changed octet', `${name}=${value.slice(0, 20)}${value[20] === 'A' ? 'B' : 'A'}${value.slice(21)}`],
  ['PX-13: a missing chunk', chunks.slice(1).join('; ')],
  ['PX-13: a chunk too many', [...chunks, `${name}-3=AAAA`].join('; ')],
  [
    'PX-13: a chunk of another session',
    [chunks[0], ...cookiesOf(new Sessions(owner), { ...large, name: 'x' }).slice(1)].join('; '),
  ],
  ['50 chunks', Array.from({ length: 50 }, (_, index) => `${name}-${index}=AAAA`).join('; ')],
  ['the same name twice', `${whole}; ${name}=1.other`],
  ['another application', cookiesOf(new Sessions({ ...owner, owner: '2 client' })).join('; ')],
  ['an old secret', cookiesOf(new Sessions({ ...owner, secret: 'before' })).join('; ')],
]
for (const [what, cookie] of bad)
  test(`PX-12: a cookie with ${what} is no session, and is removed`, () => {
    assert.equal(sessions.read(cookie, NOW), undefined)
    const removals = sessions.removals(cookie)
    assert.deepEqual(new Set(removals.map((line) => line.split('=')[0])), new Set(ownNames(cookie)))
    for (const removal of removals) assert.match(removal, /^\S+=; Path=\/; Max-Age=0; HttpOnly; SameSite=Lax; Secure$/)
  })

test('PX-12: nothing is removed where nothing was sent', () => {
  for (const cookie of [undefined, '', 'theirs=1', 'authentik_proxy_11111111=1.AAAA'])
    assert.deepEqual(sessions.removals(cookie), [])
})

test('a session ends with its time', () => assert.equal(sessions.read(whole, NOW + 60_000), undefined))

test('PX-38: two sign-ins have two values', () => assert.notDeepEqual(cookiesOf(sessions), cookiesOf(sessions)))

const revocation = { sequence: 1, user: { pk: 7, uid: 'uid-1', username: 'demo' }, reason: 'x' }
const voids: ReadonlyArray<[what: string, added: object, isVoid: boolean]> = [
  ['the user, later', { kind: 'user', at: NOW + 1 }, true],
  ['the user, at the same moment', { kind: 'user', at: NOW }, true],
  ['the user, before', { kind: 'user', at: NOW - 1 }, false],
  ['the session', { kind: 'session', session: 'session-1', at: NOW - 1 }, true],
  ['another session', { kind: 'session', session: 'session-2', at: NOW + 1 }, false],
  ['another user', { kind: 'user', user: { pk: 8, uid: 'uid-2', username: 'other' }, at: NOW + 1 }, false],
]
for (const [what, added, isVoid] of voids)
  test(`ending ${what} ${isVoid ? 'ends' : 'does not end'} this session`, () => {
    const revocations = new Revocations()
    revocations.add({ ...revocation, ...added } as Parameters<Revocations['add']>[0])
    assert.equal(revocations.covers(sessions.read(whole, NOW)!), isVoid)
  })

test('when there is no more room, the oldest ends become one moment before which nothing counts', () => {
  const revocations = new Revocations(2)
  for (let pk = 1; pk <= 9; pk++) revocations.add({ ...revocation, kind: 'session', session: `s${pk}`, at: NOW + pk })
  assert.equal(revocations.covers(sessions.read(whole, NOW)!), true)
})
