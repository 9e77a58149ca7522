import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { DirectoryGroup } from './build-entries.ts'
import { numberOf } from './custom-attributes.ts'
import { canonicalValue, DerivedEntry, type Lines, linesOf, nameBelow } from './derived-entry.ts'
import type { Entry, Visibility } from './entry.ts'
import type { Tree } from './tree.ts'
import type { UserEntry } from './user-entries.ts'

export const GROUP_CLASSES = ['group', 'groupOfUniqueNames', 'groupOfNames', 'goauthentik.io/ldap/group', 'posixGroup']

const GROUP = linesOf<GroupEntry>({
  cn: ({ group }) => [group.name],
  sAMAccountName: ({ group }) => [group.name],
  uid: ({ group }) => [group.pk],
  gidNumber: ({ group, tree }) => [
    numberOf(group.attributes, 'gidNumber') ?? String(tree.settings.gidStart + group.num_pk),
  ],
  objectClass: () => GROUP_CLASSES,
  member: (entry) => entry.members().map(({ dn }) => dn),
  'ak-superuser': ({ group }) => [String(group.is_superuser)],
})

export class GroupEntry extends DerivedEntry {
  readonly group: DirectoryGroup
  readonly visibility: Visibility
  readonly tree: Tree
  readonly dn: string
  readonly key: string
  readonly #userPks: readonly number[]

  constructor(group: DirectoryGroup, userPks: readonly number[], tree: Tree) {
    super()
    this.group = group
    this.visibility = { kind: 'members', userPks }
    this.tree = tree
    this.dn = nameBelow(group.name, this.parent)
    this.key = `cn=${canonicalValue(group.name)},${this.parent.key}`
    this.#userPks = userPks
  }

  get parent(): Entry {
    return this.tree.groups
  }

  protected get lines(): Lines<this> {
    return GROUP
  }

  protected get custom(): JsonObject {
    return this.group.attributes
  }

  protected get username(): undefined {
    return undefined
  }

  /** Those whom the directory shows. */
  members(): readonly UserEntry[] {
    return this.#userPks.flatMap((pk) => this.tree.user(pk) ?? [])
  }

  override has(attribute: string): boolean {
    return attribute === 'member' || super.has(attribute)
  }

  override fold(attribute: string): Iterable<string> {
    return attribute === 'member' ? this.members().map(({ key }) => key) : super.fold(attribute)
  }

  /** Whether somebody is a member is known without looking at every member. */
  override holds(attribute: string, wanted: string): boolean {
    if (attribute !== 'member') return super.holds(attribute, wanted)
    return this.tree.usersNamed(wanted).some(({ groups }) => groups.includes(this))
  }
}
