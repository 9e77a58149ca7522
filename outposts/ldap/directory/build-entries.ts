import { z } from 'zod'
import { nameBelow } from './derived-entry.ts'
import type { Entry } from './entry.ts'
import { GroupEntry } from './group-entry.ts'
import { Tree } from './tree.ts'
import { UserEntry } from './user-entries.ts'

/** Users and groups of the core, as far as the directory shows them (sheet outpost-protocol §2.6). */
export const userShape = z.object({
  pk: z.number().int(),
  username: z.string(),
  name: z.string(),
  is_active: z.boolean().default(false),
  is_superuser: z.boolean().default(false),
  email: z.string().nullish(),
  attributes: z.record(z.string(), z.unknown()).default({}),
  uid: z.string(),
  groups: z.array(z.string()).default([]),
})
/** Without the groups, of which each says who its members are. */
export type DirectoryUser = Omit<z.infer<typeof userShape>, 'groups'>

export const groupShape = z.object({
  pk: z.string(),
  num_pk: z.number().int(),
  name: z.string(),
  is_superuser: z.boolean().default(false),
  users: z
    .array(z.number().int())
    .default([])
    .transform((pks): readonly number[] => [...new Set(pks)]),
  parent: z.string().nullish(),
  attributes: z.record(z.string(), z.unknown()).default({}),
})
export type DirectoryGroup = Omit<z.infer<typeof groupShape>, 'users'>

export interface DirectorySettings {
  readonly baseDn: string
  readonly uidStart: number
  readonly gidStart: number
}

export interface DirectoryContent {
  readonly users: Iterable<DirectoryUser>
  readonly groups: Iterable<DirectoryGroup>
  /** Direct members, by group. */
  readonly members: ReadonlyMap<string, readonly number[]>
}

export const userDn = (username: string, baseDn: string) => nameBelow(username, { dn: `ou=users,${baseDn}` })

const NOBODY: readonly number[] = []
const NONE: readonly GroupEntry[] = []

/** The entries of a directory: its base, three containers, users, groups, and a group of its own for each user. */
export function buildEntries({ users, groups, members }: DirectoryContent, settings: DirectorySettings): Entry[] {
  const tree = new Tree(settings)
  const everyGroup = [...groups]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((group) => new GroupEntry(group, members.get(group.pk) ?? NOBODY, tree))
  const groupsOf = new Map<number, readonly GroupEntry[]>()
  // Not pushed, for that makes room for more, and they are kept.
  for (const entry of everyGroup)
    for (const pk of members.get(entry.group.pk) ?? NOBODY) groupsOf.set(pk, (groupsOf.get(pk) ?? NONE).concat(entry))
  const everyUser = [...users]
    .sort((a, b) => (a.username < b.username ? -1 : 1))
    .map((user) => new UserEntry(user, groupsOf.get(user.pk) ?? NONE, tree))
  tree.holdUsers(everyUser)
  return [
    tree.base,
    tree.users,
    ...everyUser,
    tree.groups,
    ...everyGroup,
    tree.virtualGroups,
    ...everyUser.map(({ ownGroup }) => ownGroup),
  ]
}
