import { z } from 'zod'
import { isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'
import { escapeValue } from '../codec/dn.ts'
import { type Attribute, Entry, type Visibility } from './entry.ts'

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
export type DirectoryUser = z.infer<typeof userShape>

export const groupShape = z.object({
  pk: z.string(),
  num_pk: z.number().int(),
  name: z.string(),
  is_superuser: z.boolean().default(false),
  users: z.array(z.number().int()).default([]),
  parent: z.string().nullish(),
  attributes: z.record(z.string(), z.unknown()).default({}),
})
export type DirectoryGroup = z.infer<typeof groupShape>

export interface DirectorySettings {
  readonly baseDn: string
  readonly uidStart: number
  readonly gidStart: number
}

export interface DirectoryContent {
  readonly users: Iterable<DirectoryUser>
  readonly groups: Iterable<DirectoryGroup>
  /** Direct members, by group. */
  readonly members: ReadonlyMap<string, ReadonlySet<number>>
}

const USER_CLASSES = ['user', 'organizationalPerson', 'inetOrgPerson', 'goauthentik.io/ldap/user', 'posixAccount']
const GROUP_CLASSES = ['group', 'groupOfUniqueNames', 'groupOfNames', 'goauthentik.io/ldap/group', 'posixGroup']
const VIRTUAL_CLASSES = [...GROUP_CLASSES, 'goauthentik.io/ldap/virtual-group']
const EVERYBODY: Visibility = { kind: 'everybody' }
/** Identity and access are the core's to state: an attribute of a user cannot take their place. */
const RESERVED = new Set([
  'cn',
  'uid',
  'samaccountname',
  'objectclass',
  'memberof',
  'member',
  'ak-active',
  'ak-superuser',
  'distinguishedname',
  'entrydn',
  'userpassword',
])

export const userDn = (username: string, baseDn: string) => `cn=${escapeValue(username)},ou=users,${baseDn}`
const groupDn = (name: string, baseDn: string) => `cn=${escapeValue(name)},ou=groups,${baseDn}`
const virtualGroupDn = (username: string, baseDn: string) => `cn=${escapeValue(username)},ou=virtual-groups,${baseDn}`

/** The entries of a directory: its base, three containers, users, groups, and a group of its own for each user. */
export function buildEntries({ users, groups, members }: DirectoryContent, settings: DirectorySettings): Entry[] {
  const baseDn = settings.baseDn.toLowerCase()
  const everyUser = [...users].sort((a, b) => (a.username < b.username ? -1 : 1))
  const everyGroup = [...groups].sort((a, b) => (a.name < b.name ? -1 : 1))
  const usernames = new Map(everyUser.map((user) => [user.pk, user.username]))
  const memberOf = new Map<number, string[]>()
  for (const group of everyGroup)
    for (const pk of members.get(group.pk) ?? []) {
      const dns = memberOf.get(pk) ?? []
      dns.push(groupDn(group.name, baseDn))
      memberOf.set(pk, dns)
    }
  const container = (name: string) =>
    entry(
      `ou=${name},${baseDn}`,
      [
        ['distinguishedName', [`ou=${name},${baseDn}`]],
        ['objectClass', ['top', 'nsContainer', 'organizationalUnit']],
        ['ou', [name]],
        ['commonName', [name]],
      ],
      EVERYBODY,
    )
  return [
    baseEntry(baseDn),
    container('users'),
    ...everyUser.map((user) => userEntry(user, memberOf.get(user.pk) ?? [], settings, baseDn)),
    container('groups'),
    ...everyGroup.map((group) =>
      groupEntry(group, { members: members.get(group.pk) ?? new Set(), usernames, settings, baseDn }),
    ),
    container('virtual-groups'),
    ...everyUser.map((user) => virtualGroupEntry(user, settings, baseDn)),
  ]
}

type Line = readonly [name: string, values: readonly string[]]

const keys = new Map<string, string>()
const MAX_KEYS = 1_000

/** The lower-case name: the same text for every entry, which a directory has many of. */
function keyOf(name: string): string {
  let key = keys.get(name)
  if (key === undefined) {
    key = name.toLowerCase()
    if (keys.size < MAX_KEYS) keys.set(name, key)
  }
  return key
}

function entry(dn: string, lines: readonly Line[], visibility: Visibility, custom: readonly Attribute[] = []): Entry {
  const attributes = new Map<string, Attribute>()
  for (const [name, values] of lines) attributes.set(keyOf(name), { name, values })
  for (const attribute of custom) {
    const key = keyOf(attribute.name)
    if (!RESERVED.has(key)) attributes.set(key, attribute)
  }
  return new Entry(dn, attributes, visibility)
}

function baseEntry(baseDn: string): Entry {
  const [, type = 'dc', value = ''] = /^([a-z]+)=([^,]*)/.exec(baseDn) ?? []
  return entry(
    baseDn,
    [
      ['distinguishedName', [baseDn]],
      ['objectClass', ['top', 'domain']],
      [type, [value]],
      ['subschemaSubentry', ['cn=subschema']],
    ],
    EVERYBODY,
  )
}

function userEntry(
  user: DirectoryUser,
  memberOf: readonly string[],
  settings: DirectorySettings,
  baseDn: string,
): Entry {
  const number = numberOf(user.attributes, 'uidNumber') ?? String(settings.uidStart + user.pk)
  const lines: Line[] = [
    ['cn', [user.username]],
    ['sAMAccountName', [user.username]],
    ['uid', [user.uid]],
    ['name', [user.name]],
    ['displayName', [user.name]],
    ['sn', [user.name]],
    ['mail', [user.email ?? '']],
    ['objectClass', USER_CLASSES],
    ['uidNumber', [number]],
    ['gidNumber', [numberOf(user.attributes, 'gidNumber') ?? number]],
    ['homeDirectory', [`/home/${user.username}`]],
    ['memberOf', memberOf],
    ['ak-active', [String(user.is_active)]],
    ['ak-superuser', [String(user.is_superuser)]],
  ]
  const filled = lines.filter(([, values]) => values.some((value) => value !== ''))
  return entry(
    userDn(user.username, baseDn),
    filled,
    { kind: 'user', userPk: user.pk },
    customAttributes(user.attributes, user.username),
  )
}

interface GroupSurroundings {
  readonly members: ReadonlySet<number>
  readonly usernames: ReadonlyMap<number, string>
  readonly settings: DirectorySettings
  readonly baseDn: string
}

function groupEntry(group: DirectoryGroup, { members, usernames, settings, baseDn }: GroupSurroundings): Entry {
  const dns = [...members].flatMap((pk) => {
    const username = usernames.get(pk)
    return username === undefined ? [] : userDn(username, baseDn)
  })
  const lines: Line[] = [
    ['cn', [group.name]],
    ['sAMAccountName', [group.name]],
    ['uid', [group.pk]],
    ['gidNumber', [numberOf(group.attributes, 'gidNumber') ?? String(settings.gidStart + group.num_pk)]],
    ['objectClass', GROUP_CLASSES],
    ['member', dns],
    ['ak-superuser', [String(group.is_superuser)]],
  ]
  return entry(
    groupDn(group.name, baseDn),
    lines,
    { kind: 'members', userPks: members },
    customAttributes(group.attributes, undefined),
  )
}

function virtualGroupEntry(user: DirectoryUser, settings: DirectorySettings, baseDn: string): Entry {
  const number =
    numberOf(user.attributes, 'gidNumber') ??
    numberOf(user.attributes, 'uidNumber') ??
    String(settings.uidStart + user.pk)
  const lines: Line[] = [
    ['cn', [user.username]],
    ['sAMAccountName', [user.username]],
    ['uid', [user.uid]],
    ['gidNumber', [number]],
    ['objectClass', VIRTUAL_CLASSES],
    ['member', [userDn(user.username, baseDn)]],
    ['ak-superuser', ['false']],
  ]
  return entry(virtualGroupDn(user.username, baseDn), lines, { kind: 'user', userPk: user.pk })
}

/** A number that an administrator has given, as text or as a number. */
function numberOf(attributes: JsonObject, name: string): string | undefined {
  const value = attributes[name]
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? value : undefined
}

/** compat: `/` becomes `-` and `.` goes; `%s` in a user's text is the username. */
function customAttributes(attributes: JsonObject, username: string | undefined): Attribute[] {
  return Object.entries(attributes).flatMap(([key, value]) => {
    const name = key.replaceAll('/', '-').replaceAll('.', '')
    if (!/^[a-z][a-z0-9-]*$/i.test(name)) return []
    const values = (Array.isArray(value) ? value : [value]).flatMap((each) => textOf(each, username))
    return values.length === 0 ? [] : [{ name, values }]
  })
}

function textOf(value: unknown, username: string | undefined): string[] {
  if (value === null || value === undefined || value === '') return []
  if (typeof value === 'string') return [username === undefined ? value : value.replaceAll('%s', username)]
  return isJsonObject(value) || Array.isArray(value) ? [JSON.stringify(value)] : [String(value)]
}
