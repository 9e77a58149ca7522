// What a directory costs the LDAP outpost: `node test/bench/ldap-memory.ts [USERS] [SNAPSHOT]` reads USERS users from a
// core in this process and prints octets, times and latencies; with SNAPSHOT, a heap snapshot goes to that file.
import { createHash } from 'node:crypto'
import { setFlagsFromString, writeHeapSnapshot } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { readName } from '#outposts/ldap/codec/dn.ts'
import type { Filter } from '#outposts/ldap/codec/filter.ts'
import { LdapProvider } from '#outposts/ldap/provider.ts'
import { DirectorySource } from '#outposts/ldap/search/directory-source.ts'
import { search } from '#outposts/ldap/search/search.ts'
import { ldapOutpostConfig } from '#schema/api/outpost-providers.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { silentLogger } from '#schema/kernel/logger.ts'

const [, , users = '10000', snapshot] = process.argv
const USERS = Number(users)
const GROUPS = 200
const GROUPS_OF_EACH = 5
const BASE = 'dc=example,dc=com'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

const uuid = (index: number) => `3f2504e0-4f89-41d3-9a0c-${index.toString(16).padStart(12, '0')}`
const groupsOf = (index: number) =>
  Array.from({ length: GROUPS_OF_EACH }, (_, each) => (index * 7 + each * each * 13) % GROUPS)
const members = Array.from({ length: GROUPS }, () => [] as number[])
for (let index = 0; index < USERS; index++) for (const group of groupsOf(index)) members[group]!.push(index)

/** Changes with every round, so that a user has changed. */
let round = 0
const short = (index: number) => ({
  pk: index + 1,
  username: `firstname.lastname${index}`,
  name: `Firstname Lastname ${index}`,
  is_active: true,
  last_login: '2026-11-20T08:15:00.000Z',
  email: `firstname.lastname${index}@example.com`,
  attributes: {
    department: `Department ${index % 40}`,
    title: `Engineer of round ${index === 7 ? round : 0}`,
    telephoneNumber: `+49 30 ${1_000_000 + index}`,
  },
  uid: createHash('sha256').update(String(index)).digest('hex'),
})
const group = (index: number) => ({
  pk: uuid(index),
  num_pk: 10_000 + index,
  name: `Group number ${index}`,
  is_superuser: false,
  parent: null,
  parent_name: null,
  attributes: {},
})
const user = (index: number, isWhole: boolean) => ({
  ...short(index),
  is_superuser: false,
  groups: groupsOf(index).map(uuid),
  ...(isWhole ? { groups_obj: groupsOf(index).map(group) } : {}),
  roles: [],
  roles_obj: [],
  avatar: 'data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=',
  path: 'users/staff',
  type: 'internal',
  uuid: uuid(index),
  date_joined: '2024-01-01T00:00:00.000Z',
})
const groupWithUsers = (index: number, isWhole: boolean) => ({
  ...group(index),
  users: members[index]!.map((each) => each + 1),
  ...(isWhole ? { users_obj: members[index]!.map(short) } : {}),
})

/** The answers are texts that are parsed, as they are when they come over the network. */
const core: CoreClient = {
  request: async ({ path, query = {}, etag }) => {
    if (etag !== undefined) return { kind: 'not-modified' }
    const answer = (body: unknown) => ({
      kind: 'ok' as const,
      status: 200,
      etag: `W/"${path}${query['page']}"`,
      body: JSON.parse(JSON.stringify(body)) as unknown,
    })
    const single = /^\/core\/users\/(\d+)\/$/.exec(path)
    if (single !== null) return answer(user(Number(single[1]) - 1, true))
    const [count, one, include] =
      path === '/core/users/'
        ? ([USERS, user, 'include_groups'] as const)
        : ([GROUPS, groupWithUsers, 'include_users'] as const)
    const [page, size] = [Number(query['page']), Number(query['page_size'])]
    const length = Math.min(size, count - (page - 1) * size)
    const results = Array.from({ length }, (_, each) => one((page - 1) * size + each, query[include] !== false))
    return answer({ pagination: { next: page * size < count ? page + 1 : 0 }, results })
  },
}

const mebi = (octets: number) => `${(octets / 2 ** 20).toFixed(1)} MiB`
const memory = () => {
  for (let pass = 0; pass < 3; pass++) gc()
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  return { rss, used: heapUsed + arrayBuffers }
}
async function timed<T>(work: () => T | Promise<T>): Promise<[ms: number, result: T]> {
  const started = performance.now()
  const result = await work()
  return [performance.now() - started, result]
}

const before = memory()
const source = new DirectorySource(core, silentLogger)
const provider = new LdapProvider(
  ldapOutpostConfig.parse({
    pk: 1,
    name: 'bench',
    base_dn: BASE,
    bind_flow_slug: 'flow',
    application_slug: 'bench',
    search_mode: 'cached',
    bind_mode: 'cached',
  }),
)
const searcher = { userPk: 1, seesEverything: true, dn: `cn=firstname.lastname0,ou=users,${BASE}` }
const limits = { maxEntries: 1e9, maxSearchMs: 1e9, now: () => 0 }
function find(filter: Filter): number {
  const directory = provider.directory(source)
  const base = readName(BASE)!
  const request = { kind: 'search', base: BASE, scope: 2, sizeLimit: 0, timeLimit: 0, typesOnly: false } as const
  let entries = -1
  const parts = search(7, { ...request, filter, attributes: [] }, { directory, base, searcher, limits })
  for (let step = parts.next(); ; step = parts.next()) {
    entries += step.value.length
    if (step.done === true) return entries
  }
}
const equality = (attribute: string, value: string): Filter => ({
  kind: 'equality',
  attribute,
  value: Buffer.from(value),
})
const isFound = (count: number, expected: number) => {
  if (count !== expected) throw new Error(`${count} entries in place of ${expected}`)
}

const [readMs] = await timed(() => source.readAll())
const [buildMs] = await timed(() => provider.directory(source))
const peak = process.resourceUsage().maxRSS * 1024
const after = memory()
if (snapshot !== undefined) writeHeapSnapshot(snapshot)
console.log(`${USERS} users of ${GROUPS_OF_EACH} groups`)
console.log(
  `kept     ${mebi(after.used - before.used)}, ${Math.round((after.used - before.used) / USERS)} octets/user; RSS ${mebi(before.rss)} before, ${mebi(after.rss)} after, ${mebi(peak)} at most`,
)
console.log(`boot     ${readMs.toFixed(0)} ms reading, ${buildMs.toFixed(0)} ms building`)

round++
const [changeMs] = await timed(async () => {
  await source.readChanges([{ model: 'authentik_core.user', pk: '8', action: 'updated' }])
  provider.directory(source)
})
isFound(find(equality('title', `Engineer of round ${round}`)), 1)
console.log(`change   ${changeMs.toFixed(0)} ms for one user`)

const latencies: number[] = []
for (let each = 0; each < 50_000; each++) {
  const index = (each * 7919) % USERS
  const filter = equality('mail', `firstname.lastname${index}@example.com`)
  const started = performance.now()
  isFound(find(filter), 1)
  latencies.push(performance.now() - started)
}
latencies.sort((a, b) => a - b)
const at = (part: number) => `${(latencies[Math.floor(latencies.length * part)]! * 1000).toFixed(1)} µs`
console.log(`indexed  p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}`)

const middle: Filter = {
  kind: 'substrings',
  attribute: 'displayName',
  initial: undefined,
  any: [Buffer.from('name 77')],
  final: undefined,
}
for (const what of ['first', 'again']) {
  const [ms] = await timed(() => find(middle))
  console.log(`scan     ${ms.toFixed(0)} ms ${what}: a filter that no index serves`)
}
const [allMs] = await timed(() => find({ kind: 'present', attribute: 'objectClass' }))
console.log(`all      ${allMs.toFixed(0)} ms for every entry in full`)
const last = memory()
console.log(
  `then     ${mebi(last.used - before.used)}, ${Math.round((last.used - before.used) / USERS)} octets/user; RSS ${mebi(last.rss)}`,
)
