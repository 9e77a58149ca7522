import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { eq } from 'drizzle-orm'
import { oidcArtifacts } from '#core/store/tables/system.ts'
import { sessions } from '#core/store/tables/users.ts'
import type { CookieJar } from '#test/support/browser.ts'
import { startCore, type TestCore } from '#test/support/core.ts'
import { newApplication, newUser, tokensOf } from '#test/support/granted-access.ts'
import type { RelyingParty } from '#test/support/relying-party.ts'
import { signedIn, statusOfMe } from '#test/support/sign-in.ts'

const PASSWORD = 'Right-Password-1!'

let core: TestCore
let browser: () => RelyingParty
before(async () => {
  core = await startCore()
  browser = await newApplication(core, 'losing')
})
after(() => core[Symbol.asyncDispose]())

/** Somebody who is in a group below another one, and has a session and the tokens of an application. */
interface Standing {
  readonly pk: number
  readonly username: string
  readonly group: string
  readonly above: string
  readonly jar: CookieJar
  readonly application: RelyingParty
  readonly tokens: Record<string, string>
}

let made = 0
async function standing(): Promise<Standing> {
  const nth = ++made
  const newGroup = async (fields: object) => (await core.api('POST', '/core/groups/', fields)).body.pk as string
  const above = await newGroup({ name: `above-${nth}`, is_superuser: true })
  const group = await newGroup({ name: `group-${nth}`, parent: above, is_superuser: true })
  const user = await newUser(core, { username: `member-${nth}`, password: PASSWORD, groups: [group] })
  const jar = await signedIn(core, user.username, PASSWORD)
  const application = browser()
  return { ...user, group, above, jar, application, tokens: await tokensOf(application, jar) }
}

/** What the core keeps for somebody: of sessions and of what applications were granted. */
async function kept({ pk }: Standing): Promise<{ sessions: number; granted: number }> {
  const { db } = core.core.ctx
  const own = await db.select().from(sessions).where(eq(sessions.userId, pk))
  const granted = await db
    .select()
    .from(oidcArtifacts)
    .where(eq(oidcArtifacts.accountId, String(pk)))
  return { sessions: own.length, granted: granted.length }
}

/** What still works, by what it answers: the cookie, the access token, the refresh token. */
async function answers({ jar, application, tokens }: Standing): Promise<readonly number[]> {
  const cookie = await statusOfMe(core, jar)
  const access = await application.userInfo(tokens['access_token']!)
  const refresh = await application.refresh(tokens['refresh_token']!)
  return [cookie, access.status, refresh.status]
}

const revocationsSince = (sequence: number) => core.core.ctx.feed.revocationsSince(sequence, 1_000)
const newestRevocation = async () => (await revocationsSince(0)).at(-1)?.sequence ?? 0

type Write = (of: Standing) => Parameters<TestCore['api']>

const losing: ReadonlyArray<[way: string, reason: string, write: Write]> = [
  ['being deactivated', 'deactivated', ({ pk }) => ['PATCH', `/core/users/${pk}/`, { is_active: false }]],
  ['being deleted', 'deleted', ({ pk }) => ['DELETE', `/core/users/${pk}/`]],
  ['another name', 'access-changed', ({ pk }) => ['PATCH', `/core/users/${pk}/`, { username: `renamed-${pk}` }]],
  [
    'another password',
    'password-changed',
    ({ pk }) => ['POST', `/core/users/${pk}/set_password/`, { password: 'N-1!' }],
  ],
  [
    'being removed from a group',
    'access-changed',
    ({ pk, group }) => ['POST', `/core/groups/${group}/remove_user/`, { pk }],
  ],
  ['fewer groups', 'access-changed', ({ pk }) => ['PATCH', `/core/users/${pk}/`, { groups: [] }]],
  ['a group with fewer users', 'access-changed', ({ group }) => ['PATCH', `/core/groups/${group}/`, { users: [] }]],
  [
    'a group without its parent',
    'access-changed',
    ({ group }) => ['PATCH', `/core/groups/${group}/`, { parent: null }],
  ],
  [
    'a group that loses its power',
    'access-changed',
    ({ group }) => ['PATCH', `/core/groups/${group}/`, { is_superuser: false }],
  ],
  [
    'a group above that loses its power',
    'access-changed',
    ({ above }) => ['PATCH', `/core/groups/${above}/`, { is_superuser: false }],
  ],
  ['a deleted group', 'access-changed', ({ group }) => ['DELETE', `/core/groups/${group}/`]],
  ['a deleted group above', 'access-changed', ({ above }) => ['DELETE', `/core/groups/${above}/`]],
]

suite('access is lost at once, all of it, by', () => {
  for (const [way, reason, write] of losing)
    test(way, async () => {
      const [loser, other] = [await standing(), await standing()]
      const before = await newestRevocation()
      const written = await core.api(...write(loser))
      assert.ok(written.status < 300, JSON.stringify(written.body))

      assert.deepEqual(await kept(loser), { sessions: 0, granted: 0 })
      assert.deepEqual(await answers(loser), [403, 401, 400])
      const told = await revocationsSince(before)
      assert.deepEqual(
        told.map((each) => [each.kind, each.user.id, each.reason]),
        [['user', loser.pk, reason]],
      )
      assert.equal(written.headers.get('x-martello-revocation'), String(told[0]!.sequence))
      assert.deepEqual(await answers(other), [200, 200, 200])
    })
})

const keeping: ReadonlyArray<[what: string, write: Write]> = [
  ['the same groups', ({ pk, group }) => ['PATCH', `/core/users/${pk}/`, { groups: [group] }]],
  ['one group more', ({ pk, group, above }) => ['PATCH', `/core/users/${pk}/`, { groups: [group, above] }]],
  ['the same users', ({ pk, group }) => ['PATCH', `/core/groups/${group}/`, { users: [pk] }]],
  ['being added again', ({ pk, group }) => ['POST', `/core/groups/${group}/add_user/`, { pk }]],
  ['being removed from a group of others', ({ pk, above }) => ['POST', `/core/groups/${above}/remove_user/`, { pk }]],
  ['another e-mail address', ({ pk }) => ['PATCH', `/core/users/${pk}/`, { email: 'new@example.com' }]],
  ['another name of the group', ({ group }) => ['PATCH', `/core/groups/${group}/`, { name: `again-${group}` }]],
]

suite('nobody is signed out by', () => {
  for (const [what, write] of keeping)
    test(what, async () => {
      const person = await standing()
      const before = await newestRevocation()
      const written = await core.api(...write(person))
      assert.ok(written.status < 300, JSON.stringify(written.body))
      assert.deepEqual(await answers(person), [200, 200, 200])
      assert.deepEqual(await revocationsSince(before), [])
    })
})
