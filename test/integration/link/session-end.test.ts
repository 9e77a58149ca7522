// What a reference outpost of 2026.2 hears when access ends: SESSION_END, one a session (sheet outpost-protocol §9).
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { NewRevocation } from '#core/store/change-feed.ts'
import type { CookieJar } from '#test/support/browser.ts'
import { startCore, type TestCore } from '#test/support/core.ts'
import { newUser } from '#test/support/granted-access.ts'
import { type LinkPeer, linked } from '#test/support/link-peer.ts'
import { tokenOf } from '#test/support/outpost.ts'
import { signedIn } from '#test/support/sign-in.ts'

const PASSWORD = 'Right-Password-1!'
const SESSION_END = 4
const REVOKE = 100

let core: TestCore
let reference: LinkPeer
let ours: LinkPeer
let now = Date.now()
before(async () => {
  core = await startCore({ clock: { now: () => now } })
  const outpost = await tokenOf(core.api, 'proxy')
  reference = await linked(core, outpost, { version: '2026.2.2' })
  ours = await linked(core, outpost, { capabilities: ['revocation'] })
})
after(() => core[Symbol.asyncDispose]())

const hashOf = (jar: CookieJar) => core.core.ctx.keys.hash(jar.get('authentik_session')!)

let made = 0
/** Ends what these revocations say, in one transaction. */
const revoke = (...revocations: ReadonlyArray<Partial<NewRevocation>>) =>
  core.core.ctx.db.transaction((tx) => {
    const user = { id: 4711, uid: 'u', username: 'x' }
    return core.core.ctx.feed.revoke(
      tx,
      revocations.map((each) => ({ kind: 'user', user, reason: 'deleted', ...each })),
    )
  })

/** Every session that the reference outpost has been told the end of, since this was asked last; in their order. */
async function toldEnded(): Promise<readonly string[]> {
  const last = `last-${++made}`
  await revoke({ kind: 'session', user: { id: 4712, uid: 'v', username: 'y' }, sessionHash: last })
  const told: string[] = []
  while (told.at(-1) !== last) told.push((await reference.next(SESSION_END)).args.session_id)
  return told.slice(0, -1)
}

test('a deactivated user: the end of each of their sessions, and of nobody else', async () => {
  const user = await newUser(core, { username: 'with-two-sessions', password: PASSWORD })
  await toldEnded()
  const hashes: string[] = []
  for (const _ of ['at home', 'at work']) {
    hashes.push(hashOf(await signedIn(core, user.username, PASSWORD)))
    now += 1_000
  }
  await signedIn(core, 'demo')
  const { headers } = await core.api('PATCH', `/core/users/${user.pk}/`, { is_active: false })
  assert.deepEqual(await toldEnded(), hashes.toReversed())

  // An outpost of ours is told of the user, once; the sessions are no business of its wire.
  const sequence = Number(headers.get('x-martello-revocation'))
  for (;;) {
    const { args } = await ours.next(REVOKE)
    const told = args.revocations.find((each: { sequence: number }) => each.sequence === sequence)
    if (told === undefined) continue
    const { at, ...rest } = told
    const { body } = await core.api('GET', `/core/users/${user.pk}/`)
    assert.deepEqual(rest, {
      sequence,
      kind: 'user',
      user: { pk: user.pk, uid: body.uid, username: user.username },
      reason: 'deactivated',
    })
    assert.equal(at, now)
    break
  }
})

test('whoever changes their own password: the end of every session but this one', async () => {
  await core.api('POST', '/core/groups/', { name: 'powerful', is_superuser: true })
  const { body: groups } = await core.api('GET', '/core/groups/?name=powerful')
  const user = await newUser(core, { username: 'own-password', password: PASSWORD, groups: [groups.results[0].pk] })
  const other = await signedIn(core, user.username, PASSWORD)
  const own = await signedIn(core, user.username, PASSWORD)
  await toldEnded()
  const answer = await own.fetch(`${core.url}/api/v3/core/users/${user.pk}/set_password/`, {
    method: 'POST',
    body: JSON.stringify({ password: 'Another-Password-1!' }),
    headers: { 'content-type': 'application/json', 'x-authentik-csrf': own.get('authentik_csrf')! },
  })
  assert.equal(answer.status, 204)
  assert.deepEqual(await toldEnded(), [hashOf(other)])
})

test('a user who loses access twice before a replica has read of it: the sessions of both times, once', async () => {
  await revoke({ endedSessions: ['b', 'a'] }, { kind: 'session', sessionHash: 'c' }, { endedSessions: ['d'] })
  assert.deepEqual((await toldEnded()).toSorted(), ['a', 'b', 'c', 'd'])
  now += 60_000
  await revoke({ endedSessions: ['e'] })
  assert.deepEqual(await toldEnded(), ['e'])
})

test('a user with more sessions than anybody has: the newest thousand', async () => {
  now += 60_000
  const sessions = Array.from({ length: 1_002 }, (_, index) => `s${index}`)
  await revoke({ endedSessions: sessions })
  assert.deepEqual(await toldEnded(), sessions.slice(0, 1_000))
})
