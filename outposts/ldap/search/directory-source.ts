import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { PagedList } from '#schema/client/pages.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { CoreRefusedError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { WireChange } from '#schema/wire/messages.ts'
import { type DirectoryGroup, type DirectoryUser, groupShape, userShape } from '../directory/build-entries.ts'

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
  readonly #log: Logger
  readonly #userList: PagedList
  readonly #groupList: PagedList
  #read: readonly [users: readonly unknown[], groups: readonly unknown[]] | undefined
  readonly users = new Map<number, DirectoryUser>()
  readonly groups = new Map<string, DirectoryGroup>()
  /** Direct members, by group. */
  readonly members = new Map<string, Set<number>>()
  /** Grows with every change of the copy. */
  version = 0

  constructor(core: CoreClient, log: Logger) {
    this.#core = core
    this.#log = log
    this.#userList = new PagedList(core, { path: '/core/users/', query: PAGE })
    this.#groupList = new PagedList(core, { path: '/core/groups/', query: PAGE })
  }

  /** Reads everything, transferring only what has changed since the last time. Returns whom that is about. */
  async readAll(): Promise<ReadonlySet<number>> {
    const read = [await this.#userList.read(), await this.#groupList.read()] as const
    if (this.#read !== undefined && this.#read[0] === read[0] && this.#read[1] === read[1]) return new Set()
    const users = byPk(this.#parseAll(userShape, read[0]))
    const groups = byPk(this.#parseAll(groupShape, read[1]))
    this.#read = read
    const changed = { users: differing(this.users, users), groups: differing(this.groups, groups) }
    if (changed.users.length + changed.groups.length === 0) return new Set()
    return this.#changing(changed, async () => {
      this.users.clear()
      this.groups.clear()
      this.members.clear()
      for (const group of groups.values()) this.#putGroup(group)
      for (const user of users.values()) this.users.set(user.pk, user)
    })
  }

  /** Reads just the objects that have changed. Returns whom that is about. */
  async readChanges(changes: readonly WireChange[]): Promise<ReadonlySet<number>> {
    const pks = (wanted: string) => [...new Set(changes.filter(({ model }) => model === wanted).map(({ pk }) => pk))]
    const changed = { users: pks(USER).map(Number), groups: pks(GROUP) }
    // The lists as they were read do not describe the copy any more.
    this.#read = undefined
    return this.#changing(changed, async () => {
      for (const pk of changed.users) await this.#readUser(pk)
      for (const pk of changed.groups) await this.#readGroup(pk)
    })
  }

  /** Those who have changed, and those who were in a group that has, or in one below it, or are now. */
  async #changing({ users, groups }: Changed, change: () => Promise<void>): Promise<ReadonlySet<number>> {
    const before = this.#membersOf(groups)
    const isFirst = this.version === 0
    await change()
    this.version++
    return new Set(isFirst ? [] : [...users, ...before, ...this.#membersOf(groups)])
  }

  #membersOf(pks: readonly string[]): readonly number[] {
    const groups = new Set(pks)
    // A set is walked on while it grows.
    for (const above of groups) for (const { pk, parent } of this.groups.values()) if (parent === above) groups.add(pk)
    return [...groups].flatMap((pk) => [...(this.members.get(pk) ?? [])])
  }

  async #readUser(pk: number): Promise<void> {
    const user = this.#parse(userShape, await this.#readOne(`/core/users/${pk}/`))
    if (user === undefined) this.users.delete(pk)
    else this.users.set(pk, user)
    for (const [group, members] of this.members) {
      if (user?.groups.includes(group) === true) members.add(pk)
      else members.delete(pk)
    }
  }

  async #readGroup(pk: string): Promise<void> {
    this.groups.delete(pk)
    this.members.delete(pk)
    this.#putGroup(this.#parse(groupShape, await this.#readOne(`/core/groups/${encodeURIComponent(pk)}/`)))
  }

  #putGroup(group: DirectoryGroup | undefined): void {
    if (group === undefined) return
    this.groups.set(group.pk, group)
    this.members.set(group.pk, new Set(group.users))
  }

  /** The object, undefined when the core has none. */
  async #readOne(path: string): Promise<unknown> {
    try {
      const answer = await this.#core.request({ path })
      return answer.kind === 'ok' ? answer.body : undefined
    } catch (error) {
      if (error instanceof CoreRefusedError && error.status === 404) return undefined
      throw error
    }
  }

  #parseAll<T>(shape: z.ZodType<T>, raw: readonly unknown[]): readonly T[] {
    return raw.flatMap((each) => this.#parse(shape, each) ?? [])
  }

  #parse<T>(shape: z.ZodType<T>, raw: unknown): T | undefined {
    if (raw === undefined) return undefined
    const parsed = shape.safeParse(raw)
    if (!parsed.success)
      this.#log.warning('an object of the core is left out of the directory', {
        cause: parsed.error.message.slice(0, 500),
      })
    return parsed.data
  }
}

const byPk = <T extends { readonly pk: unknown }>(objects: readonly T[]): ReadonlyMap<T['pk'], T> =>
  new Map(objects.map((each) => [each.pk, each]))

/** The keys of what is not the same in both. */
function differing<K, T>(before: ReadonlyMap<K, T>, after: ReadonlyMap<K, T>): readonly K[] {
  const keys = new Set([...before.keys(), ...after.keys()])
  return [...keys].filter((key) => !isDeepStrictEqual(before.get(key), after.get(key)))
}
