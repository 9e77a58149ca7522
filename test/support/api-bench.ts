import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import { apiRouter } from '#core/api/router.ts'
import type { CoreContext } from '#core/context.ts'
import { openKeyRing } from '#core/crypto/open-key-ring.ts'
import { createEventRecorder } from '#core/events/event-recorder.ts'
import { createHttpApp } from '#core/http/server.ts'
import { sessionMiddleware } from '#core/http/session.ts'
import { migrate } from '#core/store/migrate.ts'
import { openChangeFeed } from '#core/store/open-change-feed.ts'
import { openDatabase } from '#core/store/open-database.ts'
import { readSetting } from '#core/store/settings.ts'
import { groups, userGroups, users } from '#core/store/tables/users.ts'
import { createToken } from '#core/store/tokens.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { databaseFolder } from '#test/support/engines/process.ts'
import { freshDatabase } from '#test/support/fresh-database.ts'

export interface ApiResponse {
  readonly status: number
  readonly headers: Headers
  readonly body: any
}

export interface Asking {
  /** An API token; the administrator's by default, none when null. */
  readonly as?: string | null
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
}

/** The API over a database of its own, with one administrator. */
export interface ApiBench extends AsyncDisposable {
  readonly ctx: CoreContext
  readonly origin: string
  readonly adminToken: string
  ask(method: string, path: string, asking?: Asking): Promise<ApiResponse>
  /** A user without any permission, and a token of theirs. */
  plainUser(username: string): Promise<{ readonly id: number; readonly token: string }>
}

/** Starts it; everything is gone when it is disposed. */
export async function startApi(port = 0): Promise<ApiBench> {
  const folder = databaseFolder('api')
  await freshDatabase(folder.path)
  const handle = await openDatabase({ kind: 'embedded', folder: folder.path }, silentLogger)
  await migrate(handle, silentLogger)
  const clock = { now: () => Date.now() }
  const feed = await openChangeFeed(handle, clock, silentLogger)
  const { db } = handle
  const ctx = {
    config: {
      trustedProxyCidrs: [],
      cookieDomain: undefined,
      defaultTokenLength: 60,
      logLevel: 'info',
      outposts: { containerImageBase: 'images.test/outpost:%(version)s', discover: true },
    },
    db,
    clock,
    random: Math.random,
    log: silentLogger,
    keys: openKeyRing(new Secret('a secret key that is long enough for tests')),
    events: createEventRecorder(db, clock),
    feed,
    metrics: new Registry(),
    installId: (await readSetting(db, 'install_id'))!,
    replicaId: 'test',
  } as unknown as CoreContext
  const app = createHttpApp(ctx, {
    session: sessionMiddleware(ctx),
    routers: [{ path: '/api/v3', router: apiRouter(ctx) }],
  })
  const server = createServer(app)
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const newUser = async (username: string) => {
    const [user] = await db.insert(users).values({ username, name: username }).returning()
    const token = await createToken(ctx, db, {
      identifier: `${username}-api`,
      userId: user!.id,
      intent: 'api',
      expiring: false,
    })
    return { id: user!.id, token }
  }
  const admin = await newUser('akadmin')
  const [admins] = await db.insert(groups).values({ name: 'authentik Admins', isSuperuser: true }).returning()
  await db.insert(userGroups).values({ userId: admin.id, groupUuid: admins!.groupUuid })
  return {
    ctx,
    origin,
    adminToken: admin.token,
    plainUser: newUser,
    ask: (method, path, asking = {}) => ask(origin, method, path, { as: admin.token, ...asking }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
      await feed[Symbol.asyncDispose]()
      await handle.close()
      folder[Symbol.dispose]()
    },
  }
}

async function ask(
  origin: string,
  method: string,
  path: string,
  { as, json, headers, body }: Asking,
): Promise<ApiResponse> {
  const sent = json === undefined ? body : JSON.stringify(json)
  const response = await fetch(`${origin}/api/v3/${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(as == null ? {} : { authorization: `Bearer ${as}` }),
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(sent === undefined ? {} : { body: sent }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : text }
}
