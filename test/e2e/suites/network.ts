import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { Code } from '#outposts/radius/codec/assigned-numbers.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import type { RunningFleet } from '#test/support/fleet.ts'
import { papAttributes, type RadiusAnswer, type RadiusQuestion, radclient } from '#test/support/radclient.ts'
import { papRequest, request } from '#test/support/radius.ts'

type Row = readonly [
  name: string,
  question: (fleet: RunningFleet) => Partial<RadiusQuestion> & Pick<RadiusQuestion, 'attributes'>,
  kind: RadiusAnswer['kind'],
]

const ROWS: readonly Row[] = [
  ['demo', ({ password }) => ({ attributes: papAttributes('demo', password) }), 'Access-Accept'],
  ['a wrong password', () => ({ attributes: papAttributes('demo', 'wrong') }), 'Access-Reject'],
  ['guest', ({ password }) => ({ attributes: papAttributes('guest', password) }), 'Access-Reject'],
  [
    'a wrong shared secret',
    ({ password }) => ({ attributes: papAttributes('demo', password), secret: 'not-the-secret' }),
    'silence',
  ],
  ['Status-Server', () => ({ attributes: 'Message-Authenticator=0x00', command: 'status' }), 'Access-Accept'],
]

/** Network access, asked with FreeRADIUS's client. */
export function networkSuite(running: () => RunningFleet): void {
  for (const [name, question, kind] of ROWS)
    test(`${name}: ${kind}`, async (t) => {
      if (!(await hasTool(t, 'radclient', 'freeradius-utils'))) return
      const { ports, radiusSecret: secret } = running()
      const waitSeconds = kind === 'silence' ? 1 : 5
      const answer = await radclient({ port: ports.radius, secret, waitSeconds, ...question(running()) })
      assert.equal(answer.kind, kind, answer.text)
    })

  test('a forged Message-Authenticator is left unanswered', async () => {
    const { ports, radiusSecret: secret, password } = running()
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    using _ = { [Symbol.dispose]: () => void socket.close() }
    await once(socket, 'listening')
    socket.send(papRequest({ identifier: 1, secret, password, sign: 'forged' }), ports.radius, '127.0.0.1')
    // Answered at once, and after whatever came before it.
    socket.send(request({ code: Code.StatusServer, identifier: 2, secret, attributes: [] }), ports.radius, '127.0.0.1')
    const [reply] = await once(socket, 'message', { signal: AbortSignal.timeout(5000) })
    assert.equal(reply[1], 2)
  })
}
