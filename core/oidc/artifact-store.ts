import { and, eq, exists, gt, inArray, isNotNull, isNull, lt, or, sql } from 'drizzle-orm'
import type { Adapter, AdapterPayload } from 'oidc-provider'
import type { CoreContext } from '#core/context.ts'
import { oidcArtifacts } from '#core/store/tables/system.ts'
import { sessions } from '#core/store/tables/users.ts'
import { errors } from './library.ts'

type StoreContext = Pick<CoreContext, 'db' | 'keys' | 'clock'>

/** What the OpenID provider library keeps of one model for one client; another client's rows do not exist for it. */
export class ArtifactStore implements Adapter {
  readonly #ctx: StoreContext
  readonly #clientId: string
  readonly #model: string

  constructor(ctx: StoreContext, clientId: string, model: string) {
    this.#ctx = ctx
    this.#clientId = clientId
    this.#model = model
  }

  async upsert(id: string, payload: AdapterPayload, expiresInSeconds: number): Promise<void> {
    const { db, keys, clock } = this.#ctx
    const key = this.#key(id)
    const row = {
      model: this.#model,
      clientId: this.#clientId,
      payload: keys.seal(JSON.stringify(payload), `oidc_artifacts.payload:${key}`),
      grantId: this.#model === 'Grant' ? id : (payload.grantId ?? null),
      uid: payload.uid ?? null,
      accountId: payload.accountId ?? null,
      sessionHash: endsWithSession(this.#model, payload) ? (payload.sessionUid ?? null) : null,
      expires: new Date(clock.now() + expiresInSeconds * 1000),
    }
    await db
      .insert(oidcArtifacts)
      .values({ key, ...row })
      .onConflictDoUpdate({ target: oidcArtifacts.key, set: row })
  }

  /** The payload, unless it has expired, belongs to another client, or the session it was bound to is over. */
  async find(id: string): Promise<AdapterPayload | undefined> {
    const { db, keys, clock } = this.#ctx
    const key = this.#key(id)
    const now = new Date(clock.now())
    const session = db
      .select({ one: sql`1` })
      .from(sessions)
      .where(
        and(eq(sessions.keyHash, oidcArtifacts.sessionHash), gt(sessions.expires, now), isNotNull(sessions.userId)),
      )
    const [row] = await db
      .select()
      .from(oidcArtifacts)
      .where(
        and(this.#own(key), gt(oidcArtifacts.expires, now), or(isNull(oidcArtifacts.sessionHash), exists(session))),
      )
    if (row === undefined) return undefined
    const payload = JSON.parse(keys.unseal(row.payload, `oidc_artifacts.payload:${key}`)) as AdapterPayload
    return row.consumed === null ? payload : { ...payload, consumed: Math.floor(row.consumed.getTime() / 1000) }
  }

  /** Marks a single-use artifact as used. Whoever comes second ends everything that was granted with it. */
  async consume(id: string): Promise<void> {
    const { db, clock } = this.#ctx
    const own = this.#own(this.#key(id))
    const consumed = await db
      .update(oidcArtifacts)
      .set({ consumed: new Date(clock.now()) })
      .where(and(own, isNull(oidcArtifacts.consumed)))
      .returning({ key: oidcArtifacts.key })
    if (consumed.length === 1) return
    await this.endGrantOf(id)
    throw new errors.InvalidGrant('already consumed')
  }

  async destroy(id: string): Promise<void> {
    await this.#ctx.db.delete(oidcArtifacts).where(this.#own(this.#key(id)))
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    const { model, clientId } = oidcArtifacts
    await this.#ctx.db
      .delete(oidcArtifacts)
      .where(and(eq(oidcArtifacts.grantId, grantId), eq(model, this.#model), eq(clientId, this.#clientId)))
  }

  /** Ends the grant that an artifact (used, expired or not) belongs to, with every token of it. */
  async endGrantOf(id: string): Promise<void> {
    const { db } = this.#ctx
    const grant = db
      .select({ grantId: oidcArtifacts.grantId })
      .from(oidcArtifacts)
      .where(this.#own(this.#key(id)))
    await db.delete(oidcArtifacts).where(inArray(oidcArtifacts.grantId, grant))
  }

  /** compat: the library asks for sessions and device codes only, which are not kept here. */
  async findByUid(): Promise<undefined> {
    return undefined
  }

  async findByUserCode(): Promise<undefined> {
    return undefined
  }

  #key(id: string): string {
    return artifactKey(this.#ctx, this.#model, id)
  }

  #own(key: string) {
    return and(eq(oidcArtifacts.key, key), eq(oidcArtifacts.clientId, this.#clientId))
  }
}

/** Where an artifact is kept; its id is a secret, so only the hash is stored. */
export function artifactKey({ keys }: Pick<CoreContext, 'keys'>, model: string, id: string): string {
  return `${model}:${keys.hash(id)}`
}

/** A code always needs its session; a token does unless the user granted access while away. */
function endsWithSession(model: string, payload: AdapterPayload): boolean {
  return model === 'AuthorizationCode' || !(payload.scope?.split(' ').includes('offline_access') ?? false)
}

/** The client that an interaction was started for; undefined if it is unknown or over. */
export async function clientOfInteraction(ctx: StoreContext, uid: string): Promise<string | undefined> {
  const [row] = await ctx.db
    .select({ clientId: oidcArtifacts.clientId })
    .from(oidcArtifacts)
    .where(
      and(
        eq(oidcArtifacts.key, artifactKey(ctx, 'Interaction', uid)),
        gt(oidcArtifacts.expires, new Date(ctx.clock.now())),
      ),
    )
  return row?.clientId
}

/** Removes what has expired; it has been invisible since. Returns how many rows. */
export async function removeExpiredArtifacts({ db, clock }: StoreContext): Promise<number> {
  const removed = await db
    .delete(oidcArtifacts)
    .where(lt(oidcArtifacts.expires, new Date(clock.now())))
    .returning({ key: oidcArtifacts.key })
  return removed.length
}
