import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { and, eq, gt } from 'drizzle-orm'
import type { Request, RequestHandler, Response } from 'express'
import type { CoreContext } from '#core/context.ts'
import type { Database } from '#core/store/database.ts'
import { isDiskFull } from '#core/store/store-errors.ts'
import { sessions } from '#core/store/tables/users.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { clientIpOf, isVouchedFor } from './client-ip.ts'
import { cookieOf } from './cookies.ts'
import { csrfTokenOf, setCsrfCookie } from './csrf.ts'

const COOKIE = 'authentik_session'
const KEY = /^[A-Za-z0-9_-]{43}$/
const ANONYMOUS_MS = 3_600_000
/** How long a sign-in lasts that is to end with the browser. */
const BROWSER_SESSION_MS = 24 * 3_600_000
/** An outpost that signs somebody in asks what it has to know at once, and never comes back to the session. */
const OUTPOST_SESSION_MS = 5 * 60_000
const TOUCH_EVERY_MS = 60_000

type SessionRecord = typeof sessions.$inferSelect

/** Who is signed in, and for how long. */
export interface LogIn {
  readonly userId: number
  /** Milliseconds; undefined or 0 ends with the browser, and after a day at the latest. */
  readonly lifetimeMs?: number
}

/** The session of one request. A visitor gets one only when there is something to remember. */
export class SessionHandle {
  readonly #ctx: CoreContext
  readonly #req: Request
  readonly #res: Response
  #record: SessionRecord | undefined
  /** What is remembered; change it, then `save`. */
  data: JsonObject

  constructor(ctx: CoreContext, req: Request, res: Response, record: SessionRecord | undefined) {
    this.#ctx = ctx
    this.#req = req
    this.#res = res
    this.#record = record
    this.data = record?.data ?? {}
  }

  /** SHA-256 of the key, hex; empty when there is no session. */
  get keyHash(): string {
    return this.#record?.keyHash ?? ''
  }

  /** The signed-in user's id. */
  get user(): number | undefined {
    return this.#record?.userId ?? undefined
  }

  get authenticatedAt(): Date | undefined {
    return this.#record?.authenticatedAt ?? undefined
  }

  /** Bound to this session: a form or header that carries it was made for it. */
  get csrfToken(): string {
    return csrfTokenOf(this.#ctx, this.keyHash)
  }

  /** Stores `data`, in a new anonymous session if there is none yet. */
  async save(): Promise<void> {
    if (this.#record === undefined) return this.#create(this.#ctx.db, undefined)
    await this.#ctx.db.update(sessions).set({ data: this.data }).where(eq(sessions.uuid, this.#record.uuid))
  }

  /**
   * Signs the user in under a new session id, in the caller's transaction; the id from before is dead, and so is what
   * it remembered for another user.
   */
  async logIn({ userId, lifetimeMs = 0 }: LogIn, db: Database): Promise<void> {
    if (this.user !== undefined && this.user !== userId) this.data = {}
    await this.#drop(db)
    await this.#create(db, { userId, lifetimeMs })
  }

  /** Forgets the session here and in the browser; see `core/sessions/end-access.ts` for the rest of a sign-out. */
  async end(): Promise<void> {
    await this.#drop(this.#ctx.db)
    this.data = {}
    this.#setCookie('', new Date(0))
  }

  async #drop(db: Database): Promise<void> {
    if (this.#record !== undefined) await db.delete(sessions).where(eq(sessions.uuid, this.#record.uuid))
    this.#record = undefined
  }

  async #create(db: Database, logIn: LogIn | undefined): Promise<void> {
    const { userId = null, lifetimeMs = 0 } = logIn ?? {}
    const isOutpost = isVouchedFor(this.#req)
    const browserMs = userId === null ? ANONYMOUS_MS : BROWSER_SESSION_MS
    const untilMs = isOutpost ? OUTPOST_SESSION_MS : lifetimeMs > 0 ? lifetimeMs : browserMs
    const key = randomBytes(32).toString('base64url')
    const now = this.#ctx.clock.now()
    const [record] = await db
      .insert(sessions)
      .values({
        keyHash: this.#ctx.keys.hash(key),
        userId,
        data: this.data,
        lastIp: clientIpOf(this.#req),
        lastUserAgent: (this.#req.get('user-agent') ?? '').slice(0, 512),
        lastUsed: new Date(now),
        created: new Date(now),
        authenticatedAt: userId === null ? null : new Date(now),
        expires: new Date(now + untilMs),
      })
      .returning()
    this.#record = record
    this.#setCookie(key, lifetimeMs > 0 ? new Date(now + lifetimeMs) : undefined)
    if (userId !== null) setCsrfCookie(this.#ctx, this.#req, this.#res, this.csrfToken)
  }

  #setCookie(value: string, expires: Date | undefined): void {
    const { cookieDomain } = this.#ctx.config
    this.#res.cookie(COOKIE, value, {
      httpOnly: true,
      path: '/',
      secure: this.#req.secure,
      sameSite: this.#req.secure ? 'none' : 'lax',
      ...(cookieDomain === undefined ? {} : { domain: cookieDomain }),
      ...(expires === undefined ? {} : { expires }),
    })
  }
}

const handles = new WeakMap<IncomingMessage, SessionHandle>()

/** Finds the session of each request, with one read, and only if there is a cookie. */
export function sessionMiddleware(ctx: CoreContext): RequestHandler {
  return async (req, res, next) => {
    const key = cookieOf(req, COOKIE)
    const record = key !== undefined && KEY.test(key) ? await findSession(ctx, ctx.keys.hash(key)) : undefined
    handles.set(req, new SessionHandle(ctx, req, res, record))
    next()
  }
}

/** The session of this request. */
export function sessionOf(req: Request): SessionHandle {
  const handle = handles.get(req)
  if (handle === undefined) throw new TypeError('there is no session before sessionMiddleware has run')
  return handle
}

async function findSession(ctx: CoreContext, keyHash: string): Promise<SessionRecord | undefined> {
  const now = ctx.clock.now()
  const [record] = await ctx.db
    .select()
    .from(sessions)
    .where(and(eq(sessions.keyHash, keyHash), gt(sessions.expires, new Date(now))))
  if (record !== undefined && now - record.lastUsed.getTime() > TOUCH_EVERY_MS) await touch(ctx, record)
  return record
}

/** Says when the session was used last; that is no reason to refuse it while the disk is full. */
async function touch({ db, clock }: CoreContext, { uuid }: SessionRecord): Promise<void> {
  try {
    await db
      .update(sessions)
      .set({ lastUsed: new Date(clock.now()) })
      .where(eq(sessions.uuid, uuid))
  } catch (error) {
    if (!isDiskFull(error)) throw error
  }
}
