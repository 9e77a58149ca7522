import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import { ListenError } from '#schema/kernel/listen-error.ts'
import { WorkQueue, type WorkQueueOptions } from './work-queue.ts'

const TERMINAL = new ListenError({ host: '127.0.0.1', port: 1, setting: 'x' }, undefined)
const PASSING = new CoreUnreachableError('away')

function queue(work: WorkQueueOptions['work'], more: Partial<WorkQueueOptions> = {}) {
  const failures: [key: string, again: number | undefined][] = []
  const under = new WorkQueue({
    work,
    failed: (key, _, again) => void failures.push([key, again]),
    backoff: { firstMs: 1, capMs: 4 },
    concurrency: 8,
    random: () => 0.99,
    signal: new AbortController().signal,
    ...more,
  })
  return { under, failures }
}

test('requests while a key is worked on become one more run, and never two at a time', async () => {
  let running = 0
  let runs = 0
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const { under } = queue(async () => {
    runs++
    assert.equal(++running, 1)
    begun.resolve()
    await gate.promise
    running--
  })
  under.request('a')
  await begun.promise
  for (let i = 0; i < 5; i++) under.request('a')
  gate.resolve()
  await under.idle()
  assert.equal(runs, 2)
})

test('a key that fails is repeated until it succeeds, with growing waits, and holds up no other', async () => {
  let attempts = 0
  const done: string[] = []
  const { under, failures } = queue(async (key) => {
    if (key === 'bad' && ++attempts < 4) throw PASSING
    done.push(key)
  })
  under.request('bad')
  under.request('good')
  await under.idle()
  assert.deepEqual(done, ['good', 'bad'])
  assert.deepEqual(failures, [
    ['bad', 0],
    ['bad', 1],
    ['bad', 3],
  ])
})

test('what waiting cannot mend is not repeated before somebody asks', async () => {
  let attempts = 0
  const { under, failures } = queue(async () => {
    attempts++
    throw TERMINAL
  })
  under.request('a')
  await under.idle()
  assert.equal(attempts, 1)
  assert.deepEqual(failures, [['a', undefined]])
  under.request('a')
  await under.idle()
  assert.equal(attempts, 2)
})

for (const [now, attemptsBefore] of [
  [true, 2],
  [false, 1],
] as const)
  test(`a request ${now ? 'ends' : 'that is not urgent leaves'} the wait after a failure`, async () => {
    const stop = new AbortController()
    const failed = Promise.withResolvers<void>()
    let attempts = 0
    const { under } = queue(
      async () => {
        if (++attempts === 1) throw PASSING
      },
      {
        backoff: { firstMs: 3_600_000, capMs: 3_600_000 },
        signal: stop.signal,
        failed: () => failed.resolve(),
      },
    )
    under.request('a')
    await failed.promise
    under.request('a', { now })
    if (!now) stop.abort()
    await under.idle()
    assert.equal(attempts, attemptsBefore)
  })

test('what is heard of a key while it is repeated is one more run, once it has succeeded', async () => {
  const repeated = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  let runs = 0
  const { under } = queue(async () => {
    if (++runs === 1) throw PASSING
    if (runs === 2) {
      repeated.resolve()
      await gate.promise
    }
  })
  under.request('a')
  await repeated.promise
  under.request('a', { now: false })
  gate.resolve()
  await under.idle()
  assert.equal(runs, 3)
})

test('no more run at a time than allowed, and everybody gets a turn', async () => {
  let running = 0
  let most = 0
  const seen = new Set<string>()
  const { under } = queue(
    async (key) => {
      most = Math.max(most, ++running)
      await Promise.resolve()
      seen.add(key)
      running--
    },
    { concurrency: 3 },
  )
  for (let i = 0; i < 20; i++) under.request(String(i))
  await under.idle()
  assert.equal(most, 3)
  assert.equal(seen.size, 20)
})

test('nothing is begun once it is stopped', async () => {
  const stop = new AbortController()
  const begun: string[] = []
  const first = Promise.withResolvers<void>()
  const { under } = queue(
    async (key, signal) => {
      begun.push(key)
      first.resolve()
      await once(signal, 'abort')
    },
    { concurrency: 1, signal: stop.signal },
  )
  under.request('a')
  under.request('b')
  await first.promise
  stop.abort()
  await under.idle()
  under.request('c')
  await under.idle()
  assert.deepEqual(begun, ['a'])
})
