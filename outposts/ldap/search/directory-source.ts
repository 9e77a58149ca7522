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

  /** Reads everything, transferring only what has changed since the last time. */
  async readAll(): Promise<void> {
    const [users, groups] = [await this.#userList.read(), await this.#groupList.read()]
    if (this.#read !== undefined && this.#read[0] === users && this.#read[1] === groups) return
    this.users.clear()
    this.groups.clear()
    this.members.clear()
    for (const raw of groups) this.#putGroup(this.#parse(groupShape, raw))
    for (const raw of users) {
      const user = this.#parse(userShape, raw)
      if (user !== undefined) this.users.set(user.pk, user)
    }
    this.#read = [users, groups]
    this.version++
  }

  /** Reads just the objects that have changed. */
  async readChanges(changes: readonly WireChange[]): Promise<void> {
    const keys = new Map(changes.map(({ model, pk }) => [`${model} ${pk}`, { model, pk }]))
    for (const { model, pk } of keys.values()) {
      if (model === USER) await this.#readUser(Number(pk))
      if (model === GROUP) await this.#readGroup(pk)
    }
    // The lists as they were read do not describe the copy any more.
    this.#read = undefined
    this.version++
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
