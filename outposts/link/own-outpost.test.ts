import assert from 'node:assert/strict'
import test from 'node:test'
import { createCoreClient, type HttpResponse } from '#schema/client/core-client.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { OwnOutpost } from './own-outpost.ts'
import { Standing } from './standing.ts'

const list = (...results: object[]): HttpResponse => ({
  status: 200,
  text: JSON.stringify({ results }),
  etag: undefined,
})
const LDAP = { pk: '1', name: 'ldap', type: 'ldap', config: {} }
const status = (code: number): HttpResponse => ({ status: code, text: '{}', etag: undefined })

/** What an outpost does that gets these answers, one after the other, at its start. */
function boot(
  answers: readonly (HttpResponse | Error)[],
  sleep?: (own: OwnOutpost, wake: AbortSignal) => Promise<void>,
) {
  const left = [...answers]
  const waits: number[] = []
  const standing: boolean[] = []
  const signal = new AbortController().signal
  const random = () => 0.999_999
  const core = createCoreClient(
    async () => {
      const answer = left.shift()
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('asked too often')
      return answer
    },
    { host: new URL('http://core'), token: new Secret('t'), random, sleep: async () => {} },
  )
  const own = new OwnOutpost(core, 'ldap', new Standing({ now: () => 0 }, (is) => void standing.push(is)))
  const noted = async (ms: number, wake: AbortSignal) => {
    waits.push(ms)
    await sleep?.(own, wake)
  }
  return { waits, standing, answer: own.first({ log: silentLogger, random, signal, sleep: noted }) }
}

const refusals: ReadonlyArray<[what: string, answer: HttpResponse]> = [
  ['401', status(401)],
  ['403', status(403)],
  ['no outpost for this token', list()],
]
for (const [what, refusal] of refusals)
  test(`WS-06: after ${what} at the start the core is asked again a minute later at the earliest`, async () => {
    const { waits, standing, answer } = boot([refusal, refusal, list(LDAP)])
    assert.equal((await answer)?.name, 'ldap')
    assert.equal(waits.length, 2)
    for (const ms of waits) assert.ok(ms >= 60_000, `${ms} ms`)
    assert.deepEqual(standing, [true, false], 'refused, then accepted')
  })

test('whoever runs an outpost that was refused need not wait', async () => {
  const { waits, answer } = boot([status(403), list(LDAP)], async (own, wake) => {
    own.askNow()
    assert.ok(wake.aborted, 'the wait is over')
  })
  assert.equal((await answer)?.name, 'ldap')
  assert.equal(waits.length, 1)
})

test('a core that is away at the start is asked again soon, and this is no refusal', async () => {
  const away = Array.from({ length: 3 }, () => new Error('ECONNREFUSED'))
  const { waits, standing, answer } = boot([...away, status(404), list(LDAP)])
  assert.equal((await answer)?.name, 'ldap')
  assert.equal(waits.length, 2)
  for (const ms of waits) assert.ok(ms <= 15_000, `${ms} ms`)
  assert.deepEqual(standing, [])
})

test('a token for an outpost of another type is nothing that waiting could mend', async () => {
  const { answer } = boot([list({ ...LDAP, type: 'radius' })])
  await assert.rejects(answer, { code: 'MRT_WRONG_OUTPOST' })
})
