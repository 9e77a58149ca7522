import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import type { Clock } from '#schema/kernel/clock.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { Application } from '../application.ts'
import { OUTPOST_PATH } from '../codec/outpost-path.ts'
import { redirectTarget } from '../codec/redirect-target.ts'
import { redirect, sendPage, sendUnavailable } from '../server/reply.ts'
import type { BackChannel } from './back-channel.ts'
import type { VerifiedToken } from './id-token.ts'

const ALIVE_PATH = '/-/health/live/'
const CALLBACK_MARK = 'X-authentik-auth-callback=true'

const tokenAnswer = z.object({ id_token: z.string(), access_token: z.string() })

type FreshSignIn = Pick<Extract<VerifiedToken, { kind: 'ok' }>, 'identity' | 'issuedAt'>

export interface SignInSurroundings {
  readonly channel: Pick<BackChannel, 'get' | 'post'>
  readonly clock: Clock
  readonly log: Logger
}

/** The relying party's side of signing in (OpenID Connect Core §3.1, RFC 7636). */
export class SignIn {
  readonly #surroundings: SignInSurroundings

  constructor(surroundings: SignInSurroundings) {
    this.#surroundings = surroundings
  }

  /** `start`: off to the core, with a way back to exactly where the visitor wanted to go. */
  async start(application: Application, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { channel, clock } = this.#surroundings
    const { settings, pending } = application
    // A core that is away would be a dead end for the browser.
    const isAlive = await channel.get(ALIVE_PATH).then(
      () => true,
      () => false,
    )
    if (!isAlive) return sendUnavailable(res)
    const target = redirectTarget(askedTarget(req.url ?? ''), settings.external) ?? `${settings.basePath}/`
    const begun = pending.begin(target, req.headers.cookie, clock.now())
    const to = new URL(settings.endpoints.authorization)
    to.search = new URLSearchParams({
      client_id: settings.clientId,
      redirect_uri: callbackOf(application),
      response_type: 'code',
      scope: settings.scopes.join(' '),
      state: begun.state,
      nonce: begun.pending.nonce,
      code_challenge: createHash('sha256').update(begun.pending.verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }).toString()
    redirect(res, to.href, begun.cookies)
  }

  /** `callback`: a code becomes a session, once, in the browser that began. */
  async callback(application: Application, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { clock, log } = this.#surroundings
    const { settings, sessions } = application
    const query = new URL(req.url ?? '', 'http://self.invalid').searchParams
    const { cookie } = req.headers
    const finished = application.pending.finish(query.get('state') ?? '', cookie, clock.now())
    if (finished === undefined)
      return sendPage(res, 400, {
        title: 'This sign-in is over',
        text: 'It was completed already, took too long, or began in another browser.',
        link: { href: `${settings.basePath}/`, label: 'Start again' },
      })
    const { pending, cookies } = finished
    const code = query.get('code')
    if (code === null) return this.#refused(res, query.get('error') === 'access_denied' ? 403 : 400, cookies)
    const tokens = await this.#redeem(application, code, pending.verifier)
    const verified =
      tokens === undefined ? undefined : await application.idTokens.verify(tokens.id_token, pending.nonce)
    if (tokens === undefined || verified?.kind !== 'ok') {
      const reason = verified?.kind === 'refused' ? verified.reason : 'the core did not redeem the code'
      log.warning('a sign-in was refused', { provider: settings.name, reason })
      return this.#refused(res, 400, cookies)
    }
    const issuedAt = await this.#issuedAt(application, verified, tokens.access_token)
    if (issuedAt === undefined) return this.#refused(res, 403, cookies)
    const expires = settings.maxSessionMs === undefined ? verified.expires : issuedAt + settings.maxSessionMs
    const session = { id: randomBytes(16).toString('base64url'), issuedAt, expires }
    const begun = sessions.begin(tokens.id_token, session, { header: cookie, now: clock.now() })
    if (begun === undefined) {
      log.error('the claims of a user do not fit into cookies', { provider: settings.name })
      return this.#refused(res, 400, cookies)
    }
    redirect(res, `${settings.external.origin}${pending.target}`, [...begun, ...cookies])
  }

  /**
   * When the session was issued, in ms; undefined if it has ended already. Tokens tell whole seconds: one from the very
   * second in which the user's access ended is newer than that end if the core, which ended everything older, still
   * calls it active.
   */
  async #issuedAt(
    application: Application,
    { identity, issuedAt }: FreshSignIn,
    accessToken: string,
  ): Promise<number | undefined> {
    const ended = application.nothingBefore(identity)
    if (issuedAt > ended) return issuedAt
    if (issuedAt + 1000 <= ended) return undefined
    return (await application.bearers.find(accessToken)) === undefined ? undefined : ended + 1
  }

  #refused(res: ServerResponse, status: number, cookies: readonly string[]): void {
    const text = status === 403 ? 'You may not open this application.' : 'The sign-in could not be completed.'
    sendPage(
      res,
      status,
      { title: status === 403 ? 'Permission denied' : 'Sign-in failed', text },
      { 'set-cookie': cookies },
    )
  }

  /** The tokens for a code; undefined if the core does not give any. */
  async #redeem(
    application: Application,
    code: string,
    verifier: string,
  ): Promise<z.infer<typeof tokenAnswer> | undefined> {
    const { clientId, clientSecret, endpoints } = application.settings
    const { status, body } = await this.#surroundings.channel.post(endpoints.token, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: callbackOf(application),
      code_verifier: verifier,
      client_id: clientId,
      client_secret: clientSecret,
    })
    return status === 200 ? tokenAnswer.safeParse(body).data : undefined
  }
}

/** The address that the core sends browsers back to; it is compared with what is registered, octet by octet. */
function callbackOf({ settings }: Application): string {
  return `${settings.external.origin}${settings.basePath}${OUTPOST_PATH}/callback?${CALLBACK_MARK}`
}

/** Where `start` was asked to lead. Reverse proxies put an address there as it is: then the rest of the query is all of it. */
function askedTarget(url: string): string {
  const query = url.slice(url.indexOf('?') + 1)
  if (!url.includes('?')) return ''
  if (/^rd=(?:https?:\/\/|\/)/i.test(query)) return query.slice(3)
  const asked = new URLSearchParams(query)
  return asked.get('rd') ?? asked.get('redirect') ?? ''
}
