import type { DirectorySettings } from './build-entries.ts'
import { EncodedEntries } from './encoded-entries.ts'
import { type Entry, FixedEntry } from './entry.ts'
import type { UserEntry } from './user-entries.ts'
import { ValueIndex } from './value-index.ts'

/** What the entries of one directory share: its settings, the entries above them, and how a group finds its members. */
export class Tree {
  readonly settings: DirectorySettings
  readonly base: Entry
  readonly users: Entry
  readonly groups: Entry
  readonly virtualGroups: Entry
  readonly encoded = new EncodedEntries()
  #byPk: ReadonlyMap<number, UserEntry> = new Map()
  #byName = new ValueIndex<UserEntry>([], () => [])

  constructor(settings: DirectorySettings) {
    this.settings = settings
    this.base = baseEntry(settings.baseDn.toLowerCase())
    this.users = container('users', this.base)
    this.groups = container('groups', this.base)
    this.virtualGroups = container('virtual-groups', this.base)
  }

  holdUsers(users: readonly UserEntry[]): void {
    this.#byPk = new Map(users.map((entry) => [entry.user.pk, entry]))
    this.#byName = new ValueIndex(users, ({ name }) => [name])
  }

  user(pk: number): UserEntry | undefined {
    return this.#byPk.get(pk)
  }

  /** Those whose entries have this canonical name. */
  usersNamed(key: string): readonly UserEntry[] {
    const end = key.length - this.users.key.length - 1
    return this.#byName
      .find(key.slice('cn='.length, end))
      .entries()
      .filter((entry) => entry.key === key)
  }
}

function baseEntry(dn: string): Entry {
  const [, type = 'dc', value = ''] = /^([a-z]+)=([^,]*)/.exec(dn) ?? []
  return new FixedEntry(dn, [
    { name: 'distinguishedName', values: [dn] },
    { name: 'objectClass', values: ['top', 'domain'] },
    { name: type, values: [value] },
    { name: 'subschemaSubentry', values: ['cn=subschema'] },
  ])
}

function container(name: string, parent: Entry): Entry {
  const dn = `ou=${name},${parent.dn}`
  const attributes = [
    { name: 'distinguishedName', values: [dn] },
    { name: 'objectClass', values: ['top', 'nsContainer', 'organizationalUnit'] },
    { name: 'ou', values: [name] },
    { name: 'commonName', values: [name] },
  ]
  return new FixedEntry(dn, attributes, { parent })
}
