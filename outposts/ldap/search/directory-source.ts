import { isDeepStrictEqual } from 'node:util'
import { PagedList } from '#schema/client/pages.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { CoreRefusedError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { WireChange } from '#schema/wire/messages.ts'
import type { DirectoryUser } from '../directory/build-entries.ts'
import { CoreObjects, type ReadGroup, type ReadUser } from './core-objects.ts'

const PAGE = { page_size: 500 }
const USER = 'authentik_core.user'
const GROUP = 'authentik_core.group'

interface Changed {
  readonly users: readonly number[]
  readonly groups: readonly string[]
}

/** What the core holds of users and groups, kept as a copy that changes object by object. */
export class DirectorySource {
  readonly #core: CoreClient
  readonly #objects: CoreObjects
  readonly #userList: PagedList<DirectoryUser>
  readonly #groupList: PagedList<ReadGroup>
  #read: readonly [users: readonly DirectoryUser[], groups: readonly ReadGroup[]] | undefined
  #users = new Map<number, DirectoryUser>()
  #groups = new Map<string, ReadGroup>()
  /** Grows with every change of the copy. */
  version = 0

  constructor(core: CoreClient, log: Logger) {
    this.#core = core
    this.#objects = new CoreObjects(log)
    // Who is in a group is said by numbers; that the core describes each of them again is not asked for.
    const users = { path: '/core/users/', query: { ...PAGE, include_groups: false } }
    const groups = { path: '/core/groups/', query: { ...PAGE, include_users: false } }
    this.#userList = new PagedList(core, users, (raw) => known(this.#objects.user(raw)?.kept, this.#users))
    this.#groupList = new PagedList(core, groups, (raw) => known(this.#objects.group(raw), this.#groups))
  }

  get users(): ReadonlyMap<number, DirectoryUser> {
    return this.#users
  }

  get groups(): ReadonlyMap<string, ReadGroup> {
    return this.#groups
  }

  /** Direct members, by group. */
  get members(): ReadonlyMap<string, readonly number[]> {
    return new Map([...this.#groups].map(([pk, { users }]) => [pk, users]))
  }

  /** Reads everything, transferring only what has changed since the last time. Returns whom that is about. */
  async readAll(): Promise<ReadonlySet<number>> {
    const read = [await this.#userList.read(), await this.#groupList.read()] as const
    if (this.#read !== undefined && this.#read[0] === read[0] && this.#read[1] === read[1]) return new Set()
    const [users, groups] = [byPk(read[0]), byPk(read[1])]
    this.#read = read
    const changed = { users: differing(this.#users, users), groups: differing(this.#groups, groups) }
    if (changed.users.length + changed.groups.length === 0) return new Set()
    return this.#changing(changed, () => {
      this.#users = users
      this.#groups = groups
    })
  }

  /** Reads just the objects that have changed, and changes none before it has all. Returns whom that is about. */
  async readChanges(changes: readonly WireChange[]): Promise<ReadonlySet<number>> {
    const pks = (wanted: string) => [...new Set(changes.filter(({ model }) => model === wanted).map(({ pk }) => pk))]
    const changed = { users: pks(USER).map(Number), groups: pks(GROUP) }
    // The lists as they were read do not describe the copy any more.
    this.#read = undefined
    const users = new Map<number, ReadUser | undefined>()
    for (const pk of changed.users)
      users.set(pk, await this.#readOne(`/core/users/${pk}/`, (raw) => this.#objects.user(raw)))
    const groups = new Map<string, ReadGroup | undefined>()
    for (const pk of changed.groups)
      groups.set(pk, await this.#readOne(`/core/groups/${encodeURIComponent(pk)}/`, (raw) => this.#objects.group(raw)))
    return this.#changing(changed, () => {
      for (const [pk, user] of users) this.#putUser(pk, user)
      for (const [pk, group] of groups) put(this.#groups, pk, group)
    })
  }

  /** Those who have changed, and those who were in a group that has, or in one below it, or are now. */
  #changing({ users, groups }: Changed, change: () => void): ReadonlySet<number> {
    const before = this.#membersOf(groups)
    const isFirst = this.version === 0
    change()
    this.version++
    return new Set(isFirst ? [] : [...users, ...before, ...this.#membersOf(groups)])
  }

  #membersOf(pks: readonly string[]): readonly number[] {
    const groups = new Set(pks)
    // A set is walked on while it grows.
    for (const above of groups) for (const { pk, parent } of this.#groups.values()) if (parent === above) groups.add(pk)
    return [...groups].flatMap((pk) => this.#groups.get(pk)?.users ?? [])
  }

  #putUser(pk: number, user: ReadUser | undefined): void {
    put(this.#users, pk, user?.kept)
    for (const group of this.#groups.values()) {
      const isMember = user?.groups.includes(group.pk) === true
      if (group.users.includes(pk) === isMember) continue
      const users = isMember ? [...group.users, pk] : group.users.filter((each) => each !== pk)
      this.#groups.set(group.pk, { ...group, users })
    }
  }

  /** The object, undefined when the core has none. */
  async #readOne<T>(path: string, parse: (raw: unknown) => T): Promise<T | undefined> {
    try {
      const answer = await this.#core.request({ path })
      return answer.kind === 'ok' ? parse(answer.body) : undefined
    } catch (error) {
      if (error instanceof CoreRefusedError && error.status === 404) return undefined
      throw error
    }
  }
}

const byPk = <T extends { readonly pk: unknown }>(objects: readonly T[]): Map<T['pk'], T> =>
  new Map(objects.map((each) => [each.pk, each]))

/** The object if there is one: the very one that is held already, if it is the same, so that none is in memory twice. */
function known<T extends { readonly pk: K }, K>(object: T | undefined, held: ReadonlyMap<K, T>): readonly T[] {
  if (object === undefined) return []
  const before = held.get(object.pk)
  return [before !== undefined && isDeepStrictEqual(before, object) ? before : object]
}

function put<K, T>(objects: Map<K, T>, key: K, object: T | undefined): void {
  if (object === undefined) objects.delete(key)
  else objects.set(key, object)
}

/** The keys of what is not the same in both. */
function differing<K, T>(before: ReadonlyMap<K, T>, after: ReadonlyMap<K, T>): readonly K[] {
  const keys = new Set([...before.keys(), ...after.keys()])
  return [...keys].filter((key) => !isDeepStrictEqual(before.get(key), after.get(key)))
}
