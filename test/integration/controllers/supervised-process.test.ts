// How a process that ends by itself is taken.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SupervisedProcess } from '#controllers/local/supervised-process.ts'

const END = 'process.disconnect(); process.exitCode = 1'
const failed = (retryable: boolean) =>
  `process.send({ kind: 'failed', code: 'MRT_X', detail: 'of its own', retryable: ${retryable} }, () => { ${END} })`
const READY = `process.send({ kind: 'ready', generated: [] }, () => { ${END} })`
const KILLED = 'process.kill(process.pid, "SIGKILL")'

/** What is told of a process that runs this script, until it cannot run or was started again this often. */
async function told(script: string, restarts: number): Promise<readonly string[]> {
  const events: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const supervised = new SupervisedProcess(
    { name: 'x', args: ['-e', script], env: {} },
    {
      line() {},
      ready() {},
      restarting(why) {
        if (events.push(`again: ${why}`) === restarts) resolve()
      },
      failed(detail) {
        events.push(`cannot run: ${detail}`)
        resolve()
      },
    },
    () => 0,
  )
  supervised.start()
  await promise
  await supervised.stop()
  return events
}

const again = (why: string, times: number) => new Array<string>(times).fill(`again: ${why}`)
const CODE = 'ended with exit code 1'
const rows: ReadonlyArray<[what: string, script: string, events: readonly string[]]> = [
  ['says that trying again does not help cannot run', failed(false), ['cannot run: of its own']],
  ['says that trying again may help is tried again', failed(true), again(CODE, 4)],
  ['was killed is tried again', KILLED, again('ended with SIGKILL', 4)],
  ['was ready is tried again', READY, again(CODE, 4)],
  [
    'ends with an error that it does not know, before it was ever ready, cannot run',
    'throw new Error("not expected")',
    [...again(CODE, 2), `cannot run: ${CODE} 3 times before it was ready; what it printed says why`],
  ],
]
for (const [what, script, events] of rows)
  test(`a process that ${what}`, async () => {
    assert.deepEqual(await told(script, 4), events)
  })
