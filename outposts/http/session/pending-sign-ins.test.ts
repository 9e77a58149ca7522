import assert from 'node:assert/strict'
import test from 'node:test'
import { PendingSignIns } from './pending-sign-ins.ts'

const NOW = 1_800_000_000_000
const owner = { secret: 'cookie-secret', owner: '1 client', cookieName: 'authentik_proxy_00000000', isSecure: true }
const cookieOf = (lines: readonly string[]) => lines.map((line) => line.split(';')[0]!).join('; ')

test('PX-38: a state and the cookie of the browser that began complete a sign-in once', () => {
  const pending = new PendingSignIns(owner)
  const begun = pending.begin('/deep?a=1', undefined, NOW)
  const cookie = cookieOf(begun.cookies)
  const finished = pending.finish(begun.state, cookie, NOW + 1)
  assert.deepEqual(finished?.pending, begun.pending)
  assert.match(finished.cookies.join(), /Max-Age=0/)
  assert.equal(pending.finish(begun.state, cookie, NOW + 2), undefined)
})

test('PX-30: another replica completes what this one began', () => {
  const begun = new PendingSignIns(owner).begin('/', undefined, NOW)
  const finished = new PendingSignIns(owner).finish(begun.state, cookieOf(begun.cookies), NOW)
  assert.equal(finished?.pending.verifier, begun.pending.verifier)
})

test('every sign-in has a state, a nonce and a verifier of its own', () => {
  const pending = new PendingSignIns(owner)
  const begun = [1, 2, 3].map(() => pending.begin('/', undefined, NOW))
  for (const values of [
    begun.map(({ state }) => state),
    begun.map((each) => each.pending.nonce),
    begun.map((each) => each.pending.verifier),
  ])
    assert.equal(new Set(values).size, 3)
  // RFC 7636 §4.1: 43 to 128 unreserved characters.
  for (const each of begun) assert.match(each.pending.verifier, /^[\w.~-]{43,128}$/)
})

const first = new PendingSignIns(owner).begin('/', undefined, NOW)
const second = new PendingSignIns(owner).begin('/', undefined, NOW)
const refused: ReadonlyArray<readonly [what: string, state: string, cookie: string | undefined, at?: number]> = [
  ['in another browser', first.state, undefined],
  ['with the cookie of another sign-in', first.state, cookieOf(second.cookies)],
  ['too late', first.state, cookieOf(first.cookies), NOW + 10 * 60_000],
  ...[...'x.=A'].map(
    (more) => [`with ${more} behind its state`, `${first.state}${more}`, cookieOf(first.cookies)] as const,
  ),
  ['without a state', '', cookieOf(first.cookies)],
]
for (const [what, state, cookie, at = NOW] of refused)
  test(`PX-15: a sign-in is not completed ${what}`, () =>
    assert.equal(new PendingSignIns(owner).finish(state, cookie, at), undefined))

test('PX-15: a state of another application, or of a session, is none', () => {
  const other = new PendingSignIns({ ...owner, owner: '2 client' }).begin('/', undefined, NOW)
  assert.equal(new PendingSignIns(owner).finish(other.state, cookieOf(other.cookies), NOW), undefined)
})

test('PX-15: a browser keeps the five youngest', () => {
  const pending = new PendingSignIns(owner)
  const jar = new Map<string, string>()
  const names: string[] = []
  for (let time = 0; time < 8; time++) {
    const header = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const { pending: each, cookies } = pending.begin('/', header, NOW + time)
    names.push(`authentik_proxy_00000000_${each.id}`)
    for (const line of cookies) {
      const [name = '', value = ''] = line.split(';')[0]!.split('=')
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
  }
  assert.deepEqual([...jar.keys()], names.slice(-5))
})
