import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import type { CoreConfig } from '#core/config/core-config.ts'
import { startCore, type TestCore } from '#test/support/core.ts'
import { startPostgresql } from '#test/support/engines/postgresql.ts'
import { until } from '#test/support/engines/process.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import { tokenOf } from '#test/support/outpost.ts'

/** Two cores whose starts overlap; when one cannot start, the other is ended and its error is thrown. */
async function startTogether(database: CoreConfig['database']) {
  await using stack = new AsyncDisposableStack()
  const starts = await Promise.allSettled([startCore({ database }), startCore({ database })])
  for (const start of starts) if (start.status === 'fulfilled') stack.use(start.value)
  const cores = starts.map((start) => {
    if (start.status === 'rejected') throw start.reason
    return start.value
  }) as [TestCore, TestCore]
  const all = stack.move()
  return { cores, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

test('two cores that start at once on one empty PostgreSQL: an outpost on one hears of what was written on the other', async (t) => {
  if (!(await hasTool(t, '/usr/lib/postgresql/*/bin/postgres', 'postgresql'))) return
  await using server = await startPostgresql()
  const database = await server.newDatabase('martello')
  await using both = await startTogether(database)
  const [first, second] = both.cores
  const { body: administrators } = await first.api('GET', '/core/users/?username=akadmin')
  assert.equal(administrators.pagination.count, 1)
  const { pk, token } = await tokenOf(first.api, 'ldap')

  const socket = new WebSocket(`${first.url.replace('http', 'ws')}/ws/outpost/${pk}/`, {
    headers: { authorization: `Bearer ${token}` },
  })
  await using _ = { [Symbol.asyncDispose]: async () => socket.terminate() }
  const received: any[] = []
  socket.on('message', (data) => received.push(JSON.parse(String(data))))
  await once(socket, 'open')
  const uuid = crypto.randomUUID()
  socket.send(JSON.stringify({ instruction: 1, args: { uuid, capabilities: ['revision', 'revocation'] } }))
  await until('the acknowledgement', async () => received.some(({ instruction }) => instruction === 0))

  const { body: user } = await second.api('POST', '/core/users/', { username: 'elsewhere', name: 'x' })
  await until('the change', async () =>
    received.some(
      ({ instruction, args }) =>
        instruction === 2 && args.changes?.some((change: any) => change.pk === String(user.pk)),
    ),
  )
  await second.api('PATCH', `/core/users/${user.pk}/`, { is_active: false })
  await until('the revocation', async () =>
    received.some(
      ({ instruction, args }) => instruction === 100 && args.revocations.some((each: any) => each.user.pk === user.pk),
    ),
  )

  const { body: seen } = await second.api('GET', `/outposts/instances/${pk}/health/`)
  assert.ok(
    seen.some((instance: any) => instance.uid === uuid),
    'presence is shared',
  )
})
