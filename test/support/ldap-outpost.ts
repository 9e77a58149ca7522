import type { FlowClient, FlowOutcome } from '#outposts/flow/flow-client.ts'
import { LdapServer } from '#outposts/ldap/server/ldap-server.ts'
import { LDAP_LIMITS, type LdapLimits } from '#outposts/ldap/server/limits.ts'
import type { CoreClient } from '#schema/client/request.ts'
import type { WireChange } from '#schema/wire/messages.ts'
import { LdapClient } from './ldap-client.ts'
import { BASE_DN, userDn } from './ldap-tools.ts'
import { outpostHost } from './outpost-host.ts'

/** The base of the provider whose binds and searches are `direct`; the one at BASE_DN is `cached`. */
export const DIRECT_BASE = `dc=direct,${BASE_DN}`
export const directDn = (name: string) => `cn=${name},ou=users,${DIRECT_BASE}`

const user = (pk: number, username: string, more: object = {}) => ({
  pk,
  username,
  name: `${username} Name`,
  is_active: true,
  is_superuser: false,
  email: `${username}@example.com`,
  uid: `uid-${pk}`,
  groups: ['g-staff'],
  attributes: {},
  ...more,
})
const USERS = [
  user(1, 'demo'),
  user(2, 'admin'),
  user(3, 'star*name'),
  user(4, 'comma, name', { attributes: { cn: 'forged', phone: ['1', '2'] } }),
]
const STAFF = { pk: 'g-staff', num_pk: 11111, name: 'staff', users: [1, 2, 3, 4] }
const SEARCHERS = { pk: 'g-search', name: 'search' }

const provider = (pk: number, mode: string, base: string) => ({
  pk,
  name: mode,
  base_dn: base,
  bind_flow_slug: 'flow',
  application_slug: mode,
  search_group: SEARCHERS.pk,
  access_revision: '1',
  search_mode: mode,
  bind_mode: mode,
})
type Provider = ReturnType<typeof provider>

type Login = (username: string, password: string, signal: AbortSignal) => FlowOutcome | Promise<FlowOutcome>
export const DENIED: FlowOutcome = { kind: 'denied', reason: 'invalid_credentials' }
export const UNAVAILABLE: FlowOutcome = { kind: 'unavailable', reason: '502' }
/** Anybody who exists; `admin` may search everything. */
export function allowed(username: string): FlowOutcome {
  const found = USERS.find((each) => each.username === username)
  if (found === undefined) return DENIED
  const groups = username === 'admin' ? [SEARCHERS] : []
  return {
    kind: 'allowed',
    user: { pk: found.pk, uid: found.uid, username, groups },
    sessionExpires: undefined,
    session: `session of ${username}`,
  }
}
const ordinary: Login = (username, password) => (password === 'right' ? allowed(username) : DENIED)

/** A core with four users and two LDAP providers; `right` is everybody's password. */
export class LdapCore {
  providers: readonly Provider[] = [provider(1, 'direct', DIRECT_BASE), provider(2, 'cached', BASE_DN.toUpperCase())]
  /** How often somebody was to be logged in. */
  logins = 0
  /** What is done before the directory is handed out. */
  reading: () => Promise<void> = async () => {}
  #login = ordinary
  readonly #users: readonly object[]

  constructor(users: readonly object[]) {
    this.#users = users
  }

  readonly client: CoreClient = {
    request: async ({ path }) => {
      if (path !== '/outposts/ldap/') await this.reading()
      const lists: Record<string, readonly object[]> = {
        '/outposts/ldap/': this.providers,
        '/core/users/': this.#users,
      }
      const [, pk] = /^\/core\/users\/(\d+)\/$/.exec(path) ?? []
      const body =
        pk === undefined
          ? { pagination: { next: 0 }, results: lists[path] ?? [STAFF] }
          : this.#users.find((each) => 'pk' in each && each.pk === Number(pk))
      return { kind: 'ok', status: 200, etag: undefined, body }
    },
  }

  readonly flows: FlowClient = {
    login: async ({ username, password, code, signal }) => {
      this.logins++
      return code === undefined ? await this.#login(username, password, signal) : DENIED
    },
  }

  /** Answers logins in another way until the end of the block. */
  answering(login: Login): Disposable {
    this.#login = login
    return { [Symbol.dispose]: () => void (this.#login = ordinary) }
  }
}

export interface LdapOutpostOptions {
  readonly limits?: Partial<LdapLimits>
  /** Users beside the four. */
  readonly moreUsers?: number
}

/** An LDAP outpost in this process. */
export class LdapOutpost implements AsyncDisposable {
  readonly core: LdapCore
  readonly server: LdapServer

  private constructor(core: LdapCore, server: LdapServer) {
    this.core = core
    this.server = server
  }

  static async start({ limits = {}, moreUsers = 0 }: LdapOutpostOptions = {}): Promise<LdapOutpost> {
    const more = Array.from({ length: moreUsers }, (_, index) => user(index + 10, `user${index}`, { groups: [] }))
    const core = new LdapCore([...USERS, ...more])
    const host = await outpostHost({ core: core.client, flows: core.flows })
    const outpost = new LdapOutpost(core, new LdapServer(host, { ...LDAP_LIMITS, ...limits }))
    await outpost.configure()
    await outpost.server.listen()
    return outpost
  }

  /** Reads the core's settings as the outpost does when anything may have changed. */
  configure(changes?: readonly WireChange[]): Promise<void> {
    return this.server.configure({ pk: 'o', name: 'ldap', config: {} }, changes)
  }

  get port(): number {
    return this.server.ports[0]!
  }

  get tlsPort(): number {
    return this.server.ports[1]!
  }

  open(): Promise<LdapClient> {
    return LdapClient.open(this.port)
  }

  /** A connection bound as this user, of the provider whose name is given or of the cached one. */
  async bound(username: string, dn = userDn(username)): Promise<LdapClient> {
    const client = await this.open()
    const code = await client.bind(dn, 'right')
    if (code !== 0) throw new Error(`bind answered with ${code}`)
    return client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close(AbortSignal.timeout(100))
  }
}
