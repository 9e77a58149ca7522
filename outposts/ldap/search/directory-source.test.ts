import assert from 'node:assert/strict'
import test from 'node:test'
import type { CoreClient, CoreRequest } from '#schema/client/request.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import type { WireChange } from '#schema/wire/messages.ts'
import { DirectorySource } from './directory-source.ts'

/** Users and groups of a core, of which some cannot be read. */
class SmallCore implements CoreClient {
  readonly users = new Map([1, 2].map((pk) => [pk, { ...user, pk, username: `user${pk}`, uid: `uid-${pk}` }]))
  readonly groups = new Map([['staff', { pk: 'staff', num_pk: 1, name: 'staff', users: [1] }]])
  unreadable: string | undefined

  async request({ path }: CoreRequest) {
    if (path === this.unreadable) throw new CoreUnreachableError('gone')
    const list = (objects: ReadonlyMap<unknown, unknown>) => ({
      pagination: { next: 0 },
      results: [...objects.values()],
    })
    const one = Number(/^\/core\/users\/(\d)\/$/.exec(path)?.[1])
    const body = path === '/core/users/' ? list(this.users) : path === '/core/groups/' ? list(this.groups) : undefined
    return { kind: 'ok' as const, status: 200, etag: undefined, body: structuredClone(body ?? this.users.get(one)) }
  }

  change(pk: number, change: Partial<typeof user>): WireChange {
    this.users.set(pk, { ...this.users.get(pk)!, ...change })
    return { model: 'authentik_core.user', pk: String(pk), action: 'updated' }
  }
}
const user = { name: 'Somebody', is_active: true, email: 'a@example.com', groups: ['staff'], attributes: { room: '1' } }

async function reading() {
  const core = new SmallCore()
  const source = new DirectorySource(core, silentLogger)
  await source.readAll()
  return { core, source }
}

test('LD-09: a user who has changed is heard of although reading another one failed', async () => {
  const { core, source } = await reading()
  const changes = [core.change(1, { is_active: false }), core.change(2, { name: 'Else' })]
  core.unreadable = '/core/users/2/'
  await assert.rejects(source.readChanges(changes), CoreUnreachableError)
  const { version } = source
  core.unreadable = undefined
  assert.deepEqual(await source.readAll(), new Set([1, 2]))
  assert.ok(source.version > version)
  assert.equal(source.users.get(1)?.is_active, false)
})

test('what was handed out of members stays when somebody comes or goes', async () => {
  const { core, source } = await reading()
  const before = source.members
  await source.readChanges([core.change(1, { groups: [] }), core.change(2, { groups: ['staff'] })])
  assert.deepEqual([before.get('staff'), source.members.get('staff')], [[1], [2]])
})

test('a user who is read again and is the same is held once', async () => {
  const { core, source } = await reading()
  const before = source.users.get(1)
  core.change(2, { name: 'Else' })
  assert.deepEqual(await source.readAll(), new Set([2]))
  assert.equal(source.users.get(1), before)
})
