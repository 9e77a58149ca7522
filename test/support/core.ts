import type { CoreConfig } from '#core/config/core-config.ts'
import { type RunningCore, runCore } from '#core/run-core.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import { type Logger, silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { databaseFolder } from './engines/process.ts'
import { freshDatabase } from './fresh-database.ts'

export const ADMIN_TOKEN = 'token-of-the-administrator-in-tests'
export const CONTROLLER_TOKEN = 'token-of-the-controller-in-tests-0123456789'
export const ADMIN_PASSWORD = 'Administrator-Of-Tests-1!'
export const SAMPLE_PASSWORD = 'Demo-And-Guest-In-Tests-1!'
export const RADIUS_SECRET = 'radius-secret-of-tests'

export interface TestCore extends AsyncDisposable {
  readonly core: RunningCore
  readonly url: string
  /** A call as the administrator; the parsed body and the response. */
  api(method: string, path: string, body?: unknown): Promise<{ status: number; body: any; headers: Headers }>
}

export interface TestCoreOptions {
  readonly database?: CoreConfig['database']
  readonly sample?: boolean
  /** With an account for a controller. */
  readonly controller?: boolean
  /** What the sample content points to, where it is to differ. */
  readonly addresses?: Partial<CoreConfig['sample']['addresses']>
  /** Instead of loopback: an address that containers reach. */
  readonly host?: string
  /** Of the images that outposts run which name none. */
  readonly imageBase?: string
  /** Whether controllers may make service connections by themselves; as by default, yes. */
  readonly discover?: boolean
  /** Instead of a free one. */
  readonly httpPort?: number
  /** Where its data is and stays, such as those of a core before it. */
  readonly dataDir?: string
  readonly log?: Logger
  /** Instead of the system's. */
  readonly clock?: Clock
}

/** A whole core in this process, on a database of its own unless one is given, on free ports. */
export async function startCore(options: TestCoreOptions = {}): Promise<TestCore> {
  const { database, sample = true, controller = false, addresses, httpPort = 0, dataDir, log = silentLogger } = options
  const { host = '127.0.0.1', imageBase: containerImageBase = 'ghcr.io/martello/outpost:%(version)s' } = options
  const clock = options.clock ?? { now: () => Date.now() }
  const folder = dataDir === undefined ? databaseFolder('core') : { path: dataDir, [Symbol.dispose]: () => {} }
  if (database === undefined) await freshDatabase(folder.path)
  const listen = (setting: string, port = 0) => ({ host, port, setting })
  const config: CoreConfig = {
    dataDir: folder.path,
    secretKey: new Secret('secret-key-of-tests-'.repeat(4)),
    database: database ?? { kind: 'embedded', folder: folder.path },
    listen: { http: listen('http', httpPort), https: listen('https'), metrics: listen('metrics') },
    logLevel: 'error',
    cookieDomain: undefined,
    trustedProxyCidrs: ['127.0.0.0/8'],
    bootstrap: { password: new Secret(ADMIN_PASSWORD), token: new Secret(ADMIN_TOKEN), email: 'admin@example.com' },
    sample: {
      enabled: sample,
      password: new Secret(SAMPLE_PASSWORD),
      radiusSecret: new Secret(RADIUS_SECRET),
      addresses: {
        internal: 'http://127.0.0.1:9',
        proxyPort: 9080,
        forwardUrl: 'http://forward.localhost:8080',
        ...addresses,
      },
    },
    controllerToken: controller ? new Secret(CONTROLLER_TOKEN) : undefined,
    defaultTokenLength: 60,
    outposts: { containerImageBase, discover: options.discover ?? true },
  }
  const core = await runCore(config, { log, clock, random: Math.random })
  const url = `http://${host}:${core.ports.http}`
  return {
    core,
    url,
    async api(method, path, body) {
      const answer = await fetch(`${url}/api/v3${path}`, {
        method,
        headers: {
          authorization: `Bearer ${ADMIN_TOKEN}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      return { status: answer.status, body: text === '' ? undefined : JSON.parse(text), headers: answer.headers }
    },
    async [Symbol.asyncDispose]() {
      await core[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}
