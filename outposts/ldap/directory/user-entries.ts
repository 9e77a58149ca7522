import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { DirectoryUser } from './build-entries.ts'
import { numberOf } from './custom-attributes.ts'
import { canonicalValue, DerivedEntry, type Lines, linesOf, nameBelow } from './derived-entry.ts'
import type { Entry, Visibility } from './entry.ts'
import { GROUP_CLASSES, type GroupEntry } from './group-entry.ts'
import type { Tree } from './tree.ts'

const USER_CLASSES = ['user', 'organizationalPerson', 'inetOrgPerson', 'goauthentik.io/ldap/user', 'posixAccount']
const VIRTUAL_CLASSES = [...GROUP_CLASSES, 'goauthentik.io/ldap/virtual-group']

const filled = (values: readonly string[]) => (values.some((value) => value !== '') ? values : undefined)

const USER = linesOf<UserEntry>({
  cn: ({ user }) => filled([user.username]),
  sAMAccountName: ({ user }) => filled([user.username]),
  uid: ({ user }) => filled([user.uid]),
  name: ({ user }) => filled([user.name]),
  displayName: ({ user }) => filled([user.name]),
  sn: ({ user }) => filled([user.name]),
  mail: ({ user }) => filled([user.email ?? '']),
  objectClass: () => USER_CLASSES,
  uidNumber: (entry) => [entry.number('uidNumber') ?? entry.numberByDefault],
  gidNumber: (entry) => [entry.number('gidNumber') ?? entry.number('uidNumber') ?? entry.numberByDefault],
  homeDirectory: ({ user }) => [`/home/${user.username}`],
  memberOf: ({ groups }) => filled(groups.map(({ dn }) => dn)),
  'ak-active': ({ user }) => [String(user.is_active)],
  'ak-superuser': ({ user }) => [String(user.is_superuser)],
})

const VIRTUAL_GROUP = linesOf<VirtualGroupEntry>({
  cn: ({ owner }) => [owner.user.username],
  sAMAccountName: ({ owner }) => [owner.user.username],
  uid: ({ owner }) => [owner.user.uid],
  gidNumber: ({ owner }) => [owner.number('gidNumber') ?? owner.number('uidNumber') ?? owner.numberByDefault],
  objectClass: () => VIRTUAL_CLASSES,
  member: ({ owner }) => [owner.dn],
  'ak-superuser': () => ['false'],
})

export class UserEntry extends DerivedEntry {
  readonly user: DirectoryUser
  /** In the order of their names. */
  readonly groups: readonly GroupEntry[]
  readonly tree: Tree
  /** The username in canonical form. */
  readonly name: string
  readonly ownGroup = new VirtualGroupEntry(this)

  constructor(user: DirectoryUser, groups: readonly GroupEntry[], tree: Tree) {
    super()
    this.user = user
    this.groups = groups
    this.tree = tree
    this.name = canonicalValue(user.username)
  }

  get dn(): string {
    return nameBelow(this.user.username, this.parent)
  }

  get key(): string {
    return `cn=${this.name},${this.parent.key}`
  }

  get parent(): Entry {
    return this.tree.users
  }

  get visibility(): Visibility {
    return { kind: 'user', userPk: this.user.pk }
  }

  protected get lines(): Lines<this> {
    return USER
  }

  protected get custom(): JsonObject {
    return this.user.attributes
  }

  protected get username(): string {
    return this.user.username
  }

  get numberByDefault(): string {
    return String(this.tree.settings.uidStart + this.user.pk)
  }

  number(attribute: string): string | undefined {
    return numberOf(this.user.attributes, attribute)
  }

  override get memberships(): readonly Entry[] {
    return [...this.groups, this.ownGroup]
  }

  override fold(attribute: string): Iterable<string> {
    return attribute === 'memberof' ? this.groups.map(({ key }) => key) : super.fold(attribute)
  }
}

const NOTHING: JsonObject = {}

/** The group that only this user is in. */
export class VirtualGroupEntry extends DerivedEntry {
  readonly owner: UserEntry

  constructor(owner: UserEntry) {
    super()
    this.owner = owner
  }

  get dn(): string {
    return nameBelow(this.owner.user.username, this.parent)
  }

  get key(): string {
    return `cn=${this.owner.name},${this.parent.key}`
  }

  get parent(): Entry {
    return this.tree.virtualGroups
  }

  get visibility(): Visibility {
    return this.owner.visibility
  }

  protected get tree(): Tree {
    return this.owner.tree
  }

  protected get lines(): Lines<this> {
    return VIRTUAL_GROUP
  }

  protected get custom(): JsonObject {
    return NOTHING
  }

  protected get username(): undefined {
    return undefined
  }

  override fold(attribute: string): Iterable<string> {
    return attribute === 'member' ? [this.owner.key] : super.fold(attribute)
  }
}
