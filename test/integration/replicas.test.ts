import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { Secret } from '#schema/kernel/secret.ts'
import { startCore } from '#test/support/core.ts'
import { startPostgresql } from '#test/support/engines/postgresql.ts'
import { until } from '#test/support/engines/process.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import { tokenOf } from '#test/support/outpost.ts'

const always = <T>(value: T) => ({ current: () => value })

test('two cores on one PostgreSQL: an outpost on one hears of what was written on the other', async (t) => {
  if (!(await hasTool(t, '/usr/lib/postgresql/*/bin/postgres', 'postgresql'))) return
  await using server = await startPostgresql()
  await server.sql('create database martello')
  const database = {
    kind: 'postgresql' as const,
    host: always(server.host),
    port: always(server.port),
    name: always('martello'),
    user: always(server.user),
    password: always(new Secret(server.password)),
    sslMode: always('disable'),
  }
  await using first = await startCore({ database })
  await using second = await startCore({ database })
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
