import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CoreConfig } from '#core/config/core-config.ts'
import { Instruction, type Revocation, type WireChange } from '#schema/wire/messages.ts'
import { startCore, type TestCore } from '#test/support/core.ts'
import { startPostgresql } from '#test/support/engines/postgresql.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import { type LinkPeer, linked } from '#test/support/link-peer.ts'
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

/** Whether a message tells of a change of, or the end of access of, this user. */
const tellsOf: Readonly<Record<number, (args: any, pk: number) => boolean>> = {
  [Instruction.TriggerUpdate]: ({ changes }, pk) =>
    changes?.some((change: WireChange) => change.pk === String(pk)) === true,
  [Instruction.Revoke]: ({ revocations }, pk) => revocations.some((each: Revocation) => each.user.pk === pk),
}

/** Resolves once the outpost has been told this of the user; what it is told before is passed over. */
async function told(peer: LinkPeer, instruction: number, pk: number): Promise<void> {
  for (;;) if (tellsOf[instruction]!((await peer.next(instruction)).args, pk)) return
}

test('two cores that start at once on one empty PostgreSQL: outposts on each hear of what is written on either', async (t) => {
  if (!(await hasTool(t, '/usr/lib/postgresql/*/bin/postgres', 'postgresql'))) return
  await using server = await startPostgresql()
  const database = await server.newDatabase('martello')
  await using both = await startTogether(database)
  const { cores } = both
  const [first] = cores
  const { body: administrators } = await first.api('GET', '/core/users/?username=akadmin')
  assert.equal(administrators.pagination.count, 1)
  const outpost = await tokenOf(first.api, 'ldap')

  const uids = [crypto.randomUUID(), crypto.randomUUID()]
  const capabilities = ['revision', 'revocation', 'applied']
  const peers = [
    await linked(cores[0], outpost, { uuid: uids[0], capabilities }),
    await linked(cores[1], outpost, { uuid: uids[1], capabilities }),
  ]
  await using _ = { [Symbol.asyncDispose]: async () => peers.forEach(({ socket }) => void socket.terminate()) }

  const { body: connection } = await first.api('POST', '/outposts/service_connections/docker/', {
    name: 'contended',
    url: 'unix:///run/docker.sock',
  })
  const claims = Array.from({ length: 20 }, async (_, nth) => {
    const claim = { controller: crypto.randomUUID(), name: `controller ${nth}`, connections: [connection.pk] }
    return (await cores[nth % 2]!.api('PUT', '/outposts/controller/claims/', claim)).body.held
  })
  assert.deepEqual((await Promise.all(claims)).flat(), [connection.pk], 'CT-11: of all who ask at once, one gets it')

  for (const [nth, writer] of cores.entries()) {
    const { body: user } = await writer.api('POST', '/core/users/', { username: `written-on-${nth}`, name: 'x' })
    for (const peer of peers) await told(peer, Instruction.TriggerUpdate, user.pk)
    const { headers } = await writer.api('PATCH', `/core/users/${user.pk}/`, { is_active: false })
    for (const peer of peers) await told(peer, Instruction.Revoke, user.pk)

    // Either core knows of both outposts, and of what each has applied, whoever holds its link.
    const sequence = Number(headers.get('x-martello-revocation'))
    for (const peer of peers) {
      peer.say(Instruction.Applied, { revision: 0, sequence })
      peer.say(9)
      await peer.next(Instruction.Ack)
    }
    for (const core of cores) {
      const { body } = await core.api('GET', `/outposts/revocations/${sequence}/`)
      assert.deepEqual([body.applied, body.connected], [2, 2])
      const { body: seen } = await core.api('GET', `/outposts/instances/${outpost.pk}/health/`)
      assert.deepEqual(seen.map(({ uid }: { uid: string }) => uid).sort(), uids.toSorted())
    }
  }
})
