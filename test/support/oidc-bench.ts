import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { eq } from 'drizzle-orm'
import { Registry } from 'prom-client'
import type { CoreConfig } from '#core/config/core-config.ts'
import type { CoreContext } from '#core/context.ts'
import { generateCertificate } from '#core/crypto/certificates.ts'
import { openKeyRing } from '#core/crypto/open-key-ring.ts'
import { createEventRecorder } from '#core/events/event-recorder.ts'
import { createHttpApp } from '#core/http/server.ts'
import { sessionMiddleware } from '#core/http/session.ts'
import { DEFAULT_SCOPE_MAPPINGS } from '#core/oidc/default-scope-mappings.ts'
import { oidcRouter } from '#core/oidc/router.ts'
import { migrate } from '#core/store/migrate.ts'
import { openChangeFeed } from '#core/store/open-change-feed.ts'
import { openDatabase } from '#core/store/open-database.ts'
import * as tables from '#core/store/tables/applications.ts'
import { certificateKeyPairs } from '#core/store/tables/certificates.ts'
import { flowStageBindings, flows, identificationStages, stages } from '#core/store/tables/flows.ts'
import { policyBindings, policyTargets } from '#core/store/tables/policies.ts'
import { events, settings } from '#core/store/tables/system.ts'
import { sessions, users } from '#core/store/tables/users.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { databaseFolder } from '#test/support/engines/process.ts'
import { freshDatabase } from '#test/support/fresh-database.ts'
import { RelyingParty } from './relying-party.ts'

export interface TestApplication {
  readonly slug: string
  readonly clientId: string
  readonly clientSecret: string
  readonly providerId: number
  readonly pbmUuid: string
}

export interface ApplicationOptions {
  readonly slug: string
  readonly redirectUris?: string
  readonly isPublic?: boolean
  readonly signing?: 'rsa' | 'ec'
  /** Makes a proxy provider of it. */
  readonly externalHost?: string
  /** Its authorization flow has a stage. */
  readonly asks?: boolean
  /** Its authorization flow is for this user only, and does this about others. */
  readonly flowOnlyFor?: number
  readonly deniedAction?: string
  /** Only this user may open it. */
  readonly onlyUser?: number
}

/** The OpenID part of a core on a real database and a real port, with nothing in front of it. */
export interface OidcBench extends AsyncDisposable {
  readonly ctx: CoreContext
  readonly origin: string
  /** Audit events of one action, oldest first. */
  events(action: string): Promise<readonly (typeof events.$inferSelect)[]>
  addUser(username: string): Promise<number>
  /** Value of the session cookie of a new session. */
  signIn(userId: number, at?: Date): Promise<string>
  addApplication(options: ApplicationOptions): Promise<TestApplication>
  /** The application in front of a browser that nobody is signed in with. */
  anonymous(application: TestApplication, redirectUri?: string): RelyingParty
  /** The application in front of a browser that this user is signed in with. */
  signedIn(application: TestApplication, user: number, redirectUri?: string): Promise<RelyingParty>
  /** Records a change of a model, and waits until every cache has heard of it. */
  changed(model: string): Promise<void>
}

export async function openOidcBench(): Promise<OidcBench> {
  const folder = databaseFolder('oidc')
  await freshDatabase(folder.path)
  const handle = await openDatabase({ kind: 'embedded', folder: folder.path }, silentLogger)
  await migrate(handle, silentLogger)
  const { db } = handle
  const [install] = await db.select().from(settings).where(eq(settings.key, 'install_id'))
  const clock = { now: () => Date.now() }
  const feed = await openChangeFeed(handle, clock, silentLogger)
  const ctx: CoreContext = {
    config: { cookieDomain: undefined, trustedProxyCidrs: ['127.0.0.0/8'] } as unknown as CoreConfig,
    db,
    clock,
    random: Math.random,
    log: silentLogger,
    keys: openKeyRing(new Secret('the secret key of the OpenID tests, long enough')),
    events: createEventRecorder(db, clock),
    feed,
    metrics: new Registry(),
    installId: install!.value,
    replicaId: '00000000-0000-4000-8000-000000000000',
  }
  const routers = [{ path: '/application/o', router: oidcRouter(ctx) }]
  const server = createHttpApp(ctx, { session: sessionMiddleware(ctx), routers }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const mappings = await addDefaultMappings(ctx)
  const implicit = await addAuthorizationFlow(ctx, 'implicit')
  const asking = await addAuthorizationFlow(ctx, 'asking', { stage: 'identification' })
  const flowFor = ({ slug, asks = false, flowOnlyFor, deniedAction }: ApplicationOptions) =>
    flowOnlyFor === undefined
      ? Promise.resolve(asks ? asking : implicit)
      : addAuthorizationFlow(ctx, `flow-of-${slug}`, { onlyUser: flowOnlyFor, deniedAction })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const anonymous = (application: TestApplication, redirectUri?: string) =>
    new RelyingParty(origin, redirectUri === undefined ? application : { ...application, redirectUri })
  const signIn = async (userId: number, at = new Date()) => {
    const key = randomBytes(32).toString('base64url')
    const expires = new Date(Date.now() + 3_600_000)
    await db.insert(sessions).values({ keyHash: ctx.keys.hash(key), userId, authenticatedAt: at, expires })
    return key
  }
  return {
    ctx,
    origin,
    anonymous,
    signIn,
    signedIn: async (application, user, redirectUri) => {
      const rp = anonymous(application, redirectUri)
      rp.setCookie('authentik_session', await signIn(user))
      return rp
    },
    events: async (action) => db.select().from(events).where(eq(events.action, action)).orderBy(events.created),
    changed: async (model) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      using _ = feed.subscribe({ changed: () => resolve() })
      await feed.record(db, [{ model, pk: '', action: 'updated' }])
      await promise
    },
    addUser: async (username) => {
      const email = `${username}@example.com`
      const [user] = await db.insert(users).values({ username, name: username.toUpperCase(), email }).returning()
      return user!.id
    },
    addApplication: async (options) => addApplication(ctx, { mappings, flow: await flowFor(options) }, options),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await feed[Symbol.asyncDispose]()
      await handle.close()
      folder[Symbol.dispose]()
    },
  }
}

async function addDefaultMappings({ db }: CoreContext): Promise<readonly string[]> {
  const ids: string[] = []
  for (const { managed, name, expression, scope, description } of DEFAULT_SCOPE_MAPPINGS) {
    const [base] = await db
      .insert(tables.propertyMappings)
      .values({ kind: 'scope', managed, name, expression })
      .returning()
    await db.insert(tables.scopeMappings).values({ pmUuid: base!.pmUuid, scopeName: scope, description })
    ids.push(base!.pmUuid)
  }
  return ids
}

/** Without a stage it asks nothing. */
async function addAuthorizationFlow(
  { db }: CoreContext,
  slug: string,
  { stage, onlyUser, deniedAction }: { stage?: string; onlyUser?: number; deniedAction?: string | undefined } = {},
): Promise<string> {
  const [flow] = await db.insert(policyTargets).values({ kind: 'flow' }).returning()
  const target = flow!.pbmUuid
  const rules = { designation: 'authorization', authentication: 'require_authenticated', deniedAction }
  await db.insert(flows).values({ flowUuid: target, name: slug, slug, title: slug, ...rules })
  if (onlyUser !== undefined) await db.insert(policyBindings).values({ target, user: onlyUser, order: 0 })
  if (stage === undefined) return target
  const [binding] = await db.insert(policyTargets).values({ kind: 'flow_stage_binding' }).returning()
  const [base] = await db.insert(stages).values({ kind: stage, name: slug }).returning()
  const { stageUuid } = base!
  await db.insert(identificationStages).values({ stageUuid, userFields: ['username'] })
  await db.insert(flowStageBindings).values({ fsbUuid: binding!.pbmUuid, target, stage: stageUuid, order: 0 })
  return target
}

async function addApplication(
  ctx: CoreContext,
  { mappings, flow }: { readonly mappings: readonly string[]; readonly flow: string },
  options: ApplicationOptions,
): Promise<TestApplication> {
  const { db, keys } = ctx
  const { slug, redirectUris = 'https://rp.example.com/callback', isPublic = false } = options
  const clientSecret = `${slug}-secret-0123456789`
  const signing = options.signing === undefined ? null : await addKeyPair(ctx, options.signing)
  const kind = options.externalHost === undefined ? 'oauth2' : 'proxy'
  const [provider] = await db.insert(tables.providers).values({ kind, name: slug, authorizationFlow: flow }).returning()
  const { id } = provider!
  await db.insert(tables.oauth2Providers).values({
    id,
    clientId: `${slug}-client`,
    clientSecret: keys.seal(clientSecret, `providers_oauth2.client_secret:${id}`),
    clientType: isPublic ? 'public' : 'confidential',
    redirectUris,
    signingKey: signing,
  })
  if (options.externalHost !== undefined)
    await db.insert(tables.proxyProviders).values({ id, externalHost: options.externalHost, cookieSecret: '' })
  for (const pmUuid of mappings) await db.insert(tables.providerPropertyMappings).values({ providerId: id, pmUuid })
  const [target] = await db.insert(policyTargets).values({ kind: 'application' }).returning()
  const { pbmUuid } = target!
  await db.insert(tables.applications).values({ pbmUuid, name: slug, slug, provider: id })
  if (options.onlyUser !== undefined)
    await db.insert(policyBindings).values({ target: pbmUuid, user: options.onlyUser, order: 0 })
  return { slug, clientId: `${slug}-client`, clientSecret, providerId: id, pbmUuid }
}

async function addKeyPair({ db, keys }: CoreContext, keyType: 'rsa' | 'ec'): Promise<string> {
  const request = { commonName: 'oidc', subjectAltNames: [], validityDays: 1, keyType }
  const pair = await generateCertificate(request, Date.now())
  const [row] = await db
    .insert(certificateKeyPairs)
    .values({ name: `oidc ${randomBytes(4).toString('hex')}`, certificateData: pair.certificate })
    .returning()
  const { kpUuid } = row!
  const keyData = keys.seal(pair.key, `certificate_key_pairs.key_data:${kpUuid}`)
  await db.update(certificateKeyPairs).set({ keyData }).where(eq(certificateKeyPairs.kpUuid, kpUuid))
  return kpUuid
}
