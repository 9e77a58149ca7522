// Whoever may not open an application any more, for whatever reason, has no standing access to it either.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { desc } from 'drizzle-orm'
import { revocations } from '#core/store/tables/outposts.ts'
import type { OutpostHost } from '#outposts/kind.ts'
import { LdapServer } from '#outposts/ldap/server/ldap-server.ts'
import { SAMPLE_PASSWORD, startCore, type TestCore } from '#test/support/core.ts'
import { until } from '#test/support/engines/process.ts'
import { newApplication, newUser, tokensOf } from '#test/support/granted-access.ts'
import { LdapClient, NOTICE } from '#test/support/ldap-client.ts'
import { userDn } from '#test/support/ldap-tools.ts'
import { startOutpost, tokenOf } from '#test/support/outpost.ts'
import type { RelyingParty } from '#test/support/relying-party.ts'
import { signedIn, statusOfMe } from '#test/support/sign-in.ts'

const PASSWORD = 'Right-Password-1!'
const INSUFFICIENT_ACCESS_RIGHTS = 50

let core: TestCore
before(async () => {
  core = await startCore()
})
after(() => core[Symbol.asyncDispose]())

async function make(path: string, body: object): Promise<any> {
  const made = await core.api('POST', path, body)
  assert.equal(made.status, 201, JSON.stringify(made.body))
  return made.body
}
const change = async (path: string, body: object): Promise<void> => {
  const { status, body: said } = await core.api('PATCH', path, body)
  assert.equal(status, 200, JSON.stringify(said))
}

let made = 0
const name = (kind: string) => `${kind}-${++made}`
const newGroup = () => make('/core/groups/', { name: name('group') })
const newPolicy = (expression: string) => make('/policies/expression/', { name: name('policy'), expression })

/** An application, and a person who is about to be granted something by it. */
class Case {
  readonly slug: string
  readonly application: { readonly pk: string }
  readonly user: { readonly pk: number; readonly username: string }
  readonly #party: RelyingParty

  private constructor(slug: string, application: { pk: string }, user: Case['user'], party: RelyingParty) {
    this.slug = slug
    this.application = application
    this.user = user
    this.#party = party
  }

  static async make(): Promise<Case> {
    const slug = name('application')
    const party = await newApplication(core, slug)
    const { body: application } = await core.api('GET', `/core/applications/${slug}/`)
    const user = await newUser(core, { username: name('person'), password: PASSWORD })
    return new Case(slug, application, user, party())
  }

  bind(binding: object): Promise<any> {
    return make('/policies/bindings/', { target: this.application.pk, order: 0, ...binding })
  }

  /** Signs the person in and gets a token; whether session and token are worth something now. */
  async enter(): Promise<() => Promise<{ session: boolean; token: boolean }>> {
    const jar = await signedIn(core, this.user.username, PASSWORD)
    const { access_token: token } = await tokensOf(this.#party, jar)
    return async () => ({
      session: (await statusOfMe(core, jar)) === 200,
      token: (await this.#party.userInfo(token!)).status === 200,
    })
  }
}

async function lastRevocation() {
  const [last] = await core.core.ctx.db.select().from(revocations).orderBy(desc(revocations.sequence)).limit(1)
  return last
}

/** What is there before, then what shuts the person out. */
type Way = (of: Case) => Promise<() => Promise<unknown>>

const ways: ReadonlyArray<[way: string, prepare: Way]> = [
  [
    'the first binding is to others',
    async (of) => {
      const group = await newGroup()
      return () => of.bind({ group: group.pk })
    },
  ],
  [
    'the binding by which they came is gone',
    async (of) => {
      await of.bind({ group: (await newGroup()).pk })
      const { pk } = await of.bind({ user: of.user.pk })
      return () => core.api('DELETE', `/policies/bindings/${pk}/`)
    },
  ],
  [
    'a policy says otherwise',
    async (of) => {
      const { pk } = await newPolicy('true')
      await of.bind({ policy: pk })
      return () => change(`/policies/expression/${pk}/`, { expression: 'false' })
    },
  ],
  [
    'a policy that has always said the same says otherwise',
    async (of) => {
      const { pk } = await make('/policies/dummy/', { name: name('dummy'), result: true })
      await of.bind({ policy: pk })
      return () => change(`/policies/dummy/${pk}/`, { result: false })
    },
  ],
  [
    'the policy by which they came is gone',
    async (of) => {
      const { pk } = await newPolicy('true')
      await of.bind({ policy: pk })
      await of.bind({ policy: (await newPolicy('false')).pk })
      return () => core.api('DELETE', `/policies/all/${pk}/`)
    },
  ],
  [
    'all bindings have to pass',
    async (of) => {
      await of.bind({ user: of.user.pk })
      await of.bind({ policy: (await newPolicy('false')).pk })
      return () => change(`/core/applications/${of.slug}/`, { policy_engine_mode: 'all' })
    },
  ],
  [
    'they are put into a group that is kept out',
    async (of) => {
      const { pk } = await newGroup()
      await of.bind({ group: pk, negate: true })
      return () => core.api('POST', `/core/groups/${pk}/add_user/`, { pk: of.user.pk })
    },
  ],
  [
    'a group that is kept out gets them as a member',
    async (of) => {
      const { pk } = await newGroup()
      await of.bind({ group: pk, negate: true })
      return () => change(`/core/groups/${pk}/`, { users: [of.user.pk] })
    },
  ],
  [
    'they get a group that is kept out',
    async (of) => {
      const { pk } = await newGroup()
      await of.bind({ group: pk, negate: true })
      return () => change(`/core/users/${of.user.pk}/`, { groups: [pk] })
    },
  ],
  [
    'an attribute of theirs is refused',
    async (of) => {
      await of.bind({ policy: (await newPolicy('!has(user.attributes.suspended)')).pk })
      return () => change(`/core/users/${of.user.pk}/`, { attributes: { suspended: true } })
    },
  ],
  [
    'an attribute of their group is refused',
    async (of) => {
      const { pk } = await make('/core/groups/', { name: name('group'), users: [of.user.pk] })
      await of.bind({ policy: (await newPolicy('!has(user.attributes.suspended)')).pk })
      return () => change(`/core/groups/${pk}/`, { attributes: { suspended: true } })
    },
  ],
]

suite('what an application has granted ends', () => {
  for (const [way, prepare] of ways)
    test(`when ${way}`, async () => {
      const of = await Case.make()
      const shut = await prepare(of)
      const isWorth = await of.enter()
      assert.deepEqual(await isWorth(), { session: true, token: true })
      await shut()
      assert.deepEqual(await isWorth(), { session: false, token: false })
      const revocation = await lastRevocation()
      assert.deepEqual(
        [revocation?.kind, revocation?.userId, revocation?.reason],
        ['user', of.user.pk, 'access-changed'],
      )
    })

  test('and stays with those who may still open it', async () => {
    const of = await Case.make()
    const { pk } = await newPolicy('user.username != "x"')
    await of.bind({ policy: pk })
    const isWorth = await of.enter()
    await change(`/policies/expression/${pk}/`, { expression: 'user.username != "y"' })
    await change(`/core/users/${of.user.pk}/`, { attributes: { harmless: true }, groups: [(await newGroup()).pk] })
    await of.bind({ user: of.user.pk })
    assert.deepEqual(await isWorth(), { session: true, token: true })
  })
})

test('LD-09: a cached bind and its connection end when the application does not let them in any more', async () => {
  const { token } = await tokenOf(core.api, 'ldap')
  let server: LdapServer | undefined
  const kind = { type: 'ldap', create: (host: OutpostHost) => (server = new LdapServer(host)) } as const
  await using _ = await startOutpost(kind, core.url, token)
  const [port] = server!.ports
  const { body: directory } = await core.api('GET', '/core/applications/directory/')
  const { body: bindings } = await core.api('GET', `/policies/bindings/?target=${directory.pk}`)
  for (const { pk } of bindings.results) await core.api('DELETE', `/policies/bindings/${pk}/`)
  const { pk } = await newPolicy('user.username == "demo"')
  await make('/policies/bindings/', { target: directory.pk, policy: pk, order: 0 })
  const bind = async () => {
    const client = await LdapClient.open(port!)
    const code = await client.bind(userDn('demo'), SAMPLE_PASSWORD)
    return { client, code }
  }
  await until('the bind', async () => (await bind()).code === 0)
  const { client } = await bind()
  await change(`/policies/expression/${pk}/`, { expression: 'false' })
  assert.equal((await client.next())?.tag, NOTICE.tag)
  assert.equal((await bind()).code, INSUFFICIENT_ACCESS_RIGHTS)
})
