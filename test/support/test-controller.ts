import { randomUUID } from 'node:crypto'
import { coreClient } from '#controllers/core-client.ts'
import type { LocalListen } from '#controllers/desired/local-process.ts'
import { Controller } from '#controllers/loop/controller.ts'
import { type ConnectionKind, openTargets } from '#controllers/open-targets.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { CONTROLLER_TOKEN, type TestCore } from './core.ts'

export interface TestControllerOptions {
  readonly kinds: readonly ConnectionKind[]
  /** Where outposts listen that are processes of this machine. */
  readonly listen?: LocalListen
  /** Instead of the system's. */
  readonly clock?: Clock
  /** Called whenever it has read what is wanted. */
  readonly hasRead?: () => void
}

/** A controller in this process; what it runs on this machine ends with it. */
export function startTestController(core: Pick<TestCore, 'url'>, options: TestControllerOptions): AsyncDisposable {
  const { kinds, listen = NOWHERE, clock = { now: () => Date.now() } } = options
  const client = coreClient(new URL(core.url), new Secret(CONTROLLER_TOKEN))
  const events = () => ({ line() {}, ready() {}, restarting() {}, failed() {} })
  const { random } = Math
  const local = { coreUrl: new URL(core.url), listen, events, env: process.env, clock, random }
  const open = openTargets({ kinds, core: client, log: silentLogger, local })
  const readLocal = options.hasRead
  const controller = new Controller({
    ...(readLocal && { readLocal }),
    core: client,
    identity: testIdentity(),
    open,
    log: silentLogger,
    clock,
    random,
  })
  return untilDisposed((signal) => controller.run(signal))
}

/** Of a controller that is no other. */
export const testIdentity = () => ({ controller: randomUUID(), name: 'test' })

/** Runs something until the end of the block. */
export function untilDisposed(run: (signal: AbortSignal) => Promise<void>): AsyncDisposable {
  const stop = new AbortController()
  const ended = run(stop.signal)
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended
    },
  }
}

const at = { host: '127.0.0.1', port: 0, setting: 'test' }
export const NOWHERE: LocalListen = {
  proxy: { http: at, https: at, metrics: at },
  ldap: { ldap: at, ldaps: at, metrics: at },
  radius: { radius: at, metrics: at },
}
