import { randomUUID } from 'node:crypto'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Clock, Random } from '#schema/kernel/clock.ts'
import { shownAddress } from '#schema/kernel/listen-address.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { apiRouter } from './api/router.ts'
import { type Bootstrapped, bootstrap } from './bootstrap/bootstrap.ts'
import { ensureServerCertificate } from './bootstrap/server-certificate.ts'
import type { CoreConfig } from './config/core-config.ts'
import type { CoreContext } from './context.ts'
import { openKeyRing } from './crypto/open-key-ring.ts'
import { registerPasswordMetrics } from './crypto/password-metrics.ts'
import { createEventRecorder } from './events/event-recorder.ts'
import { flowExecutorRouter } from './flows/router.ts'
import { listenAll } from './http/listen-all.ts'
import { metricsListener } from './http/metrics-listener.ts'
import { createHttpApp } from './http/server.ts'
import { sessionMiddleware } from './http/session.ts'
import { attachLink } from './link/link-server.ts'
import { lostAll } from './link/presence.ts'
import { oidcRouter } from './oidc/router.ts'
import { migrate } from './store/migrate.ts'
import { openChangeFeed } from './store/open-change-feed.ts'
import { openDatabase } from './store/open-database.ts'
import { readSetting } from './store/settings.ts'
import { runPeriodicTasks } from './tasks/periodic-tasks.ts'
import { webRouter } from './web/router.ts'

/** Requests that send their headers slowly are not waited for. */
const HEADERS_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 60_000
const MAX_HEADER_OCTETS = 32 * 1024

export interface RunningCore extends AsyncDisposable {
  readonly ctx: CoreContext
  readonly bootstrapped: Bootstrapped
  /** What answers on the ports for HTTP and HTTPS. */
  readonly app: Express
  /** The ports that are listened on, also where the setting said 0. */
  readonly ports: { readonly http: number; readonly https: number; readonly metrics: number }
}

export interface CoreSurroundings {
  readonly log: Logger
  readonly clock: Clock
  readonly random: Random
}

/** Starts a core: database, feed, bootstrap, tasks, servers, link, in this order; disposing ends them in the reverse one. */
export async function runCore(config: CoreConfig, { log, clock, random }: CoreSurroundings): Promise<RunningCore> {
  await using stack = new AsyncDisposableStack()
  const handle = await openDatabase(config.database, log)
  stack.defer(() => handle.close())
  await migrate(handle, log)
  const feed = stack.use(await openChangeFeed(handle, clock, log))
  const metrics = new Registry()
  collectDefaultMetrics({ register: metrics })
  registerPasswordMetrics(metrics)
  const ctx: CoreContext = {
    config,
    db: handle.db,
    clock,
    random,
    log,
    keys: openKeyRing(config.secretKey),
    events: createEventRecorder(handle.db, clock),
    feed,
    metrics,
    installId: (await readSetting(handle.db, 'install_id')) ?? '',
    replicaId: randomUUID(),
  }
  if (handle.engine === 'embedded') await lostAll(ctx)
  const { internal, proxyPort, forwardUrl } = config.sample.addresses
  const bootstrapped = await bootstrap(ctx, {
    coreUrl: `http://${shownAddress(config.listen.http)}`,
    sampleExternal: `http://sample.localhost:${proxyPort}`,
    sampleInternal: internal,
    forwardExternal: forwardUrl,
  })
  const app = createHttpApp(ctx, {
    session: sessionMiddleware(ctx),
    routers: [
      { path: '/application/o', router: oidcRouter(ctx) },
      { path: '/api/v3/flows/executor', router: flowExecutorRouter(ctx) },
      { path: '/api/v3', router: apiRouter(ctx) },
      { path: '/', router: webRouter(ctx) },
    ],
  })
  const options = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    maxHeaderSize: MAX_HEADER_OCTETS,
  }
  const certificate = await ensureServerCertificate(ctx)
  const servers = {
    metrics: createHttpServer(options, metricsListener(metrics)),
    http: createHttpServer(options, app),
    https: createHttpsServer({ ...options, ...certificate, minVersion: 'TLSv1.2' }, app),
  }
  stack.use(runPeriodicTasks(ctx, feed))
  const names = ['metrics', 'http', 'https'] as const
  stack.use(await listenAll(names.map((name) => [servers[name], config.listen[name]] as const)))
  // Ends before the servers do: a server waits for its connections, and a link is one that does not end by itself.
  stack.use(attachLink(ctx, [servers.http, servers.https]))
  const ports = { http: portOf(servers.http), https: portOf(servers.https), metrics: portOf(servers.metrics) }
  log.info('the core is ready', { ...ports, database: handle.engine })
  const all = stack.move()
  return { ctx, bootstrapped, app, ports, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

const portOf = (server: Server) => (server.address() as AddressInfo).port
