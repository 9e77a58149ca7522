import { type Request, type RequestHandler, type Response, Router } from 'express'
import type { CoreContext } from '#core/context.ts'
import { formBody, plainPath } from '#core/http/limits.ts'
import { storedTokenId } from './access-token.ts'
import type { ApplicationSettings } from './application-settings.ts'
import { clientOfInteraction } from './artifact-store.ts'
import { authorizeParameters } from './authorize-parameters.ts'
import { baseUrl } from './base-url.ts'
import { claimedClientId, claimedTokenClient } from './client-credentials.ts'
import { endSession } from './end-session.ts'
import { asOidcError } from './expected-errors.ts'
import { innerRequest } from './inner-request.ts'
import { interact } from './interaction.ts'
import { sendNotice } from './pages.ts'
import { Providers, type RunningProvider } from './providers.ts'
import { SettingsCache } from './settings-cache.ts'

/** A request with everything that decides who answers it. */
interface Incoming {
  readonly req: Request
  readonly res: Response
  readonly query: URLSearchParams
  readonly form: URLSearchParams
}

type Find = (incoming: Incoming) => Promise<ApplicationSettings | undefined>
type Answer = (running: RunningProvider, incoming: Incoming) => Promise<void> | void
type Refuse = (incoming: Incoming) => void

/**
 * The OAuth 2 and OpenID Connect endpoints, to be mounted at `/application/o`. Those that all applications share find
 * theirs by client id, by the token, or by the interaction that they continue.
 */
export function oidcRouter(ctx: CoreContext): Router {
  const cache = new SettingsCache(ctx)
  const providers = new Providers(ctx)
  const router = Router()
  router.use(plainPath, formBody)

  const handle =
    (find: Find, refuse: Refuse, answer: Answer): RequestHandler =>
    async (req, res) => {
      const incoming: Incoming = { req, res, query: queryOf(req), form: formOf(req) }
      const base = baseUrl(req)
      if (base === undefined) return sendNotice(res, 400, 'Request refused', 'The request names no valid host.')
      const settings = await find(incoming)
      if (settings === undefined) return refuse(incoming)
      await answer(providers.of(settings, base), incoming)
    }

  const byClient = (id: string | null | undefined) => (id ? cache.get({ clientId: id }) : undefined)
  const bySlug: Find = async ({ req }) => cache.get({ slug: String(req.params['slug']) })
  const byRequest: Find = async ({ req, form }) => byClient(claimedClientId(req.headers.authorization, form))
  const byToken: Find = async ({ req, form }) => byClient(claimedTokenClient(req.headers.authorization, form))
  const byInteraction: Find = async ({ req }) => byClient(await clientOfInteraction(ctx, String(req.params['uid'])))
  const byParameter: Find = async ({ req, query, form }) =>
    byClient((req.method === 'POST' ? form : query).get('client_id'))

  /** The library answers at the same path, with the form that was read. */
  const pass: Answer = ({ answer, base }, { req, res, form }) =>
    answer(innerRequest(req, { path: req.url, base, ...(req.method === 'POST' ? { form } : {}) }), res)
  const passTo =
    (path: string): Answer =>
    ({ answer, base }, { req, res }) =>
      answer(innerRequest(req, { path, base }), res)

  router
    .route('/authorize/')
    .get(handle(byParameter, refuseUnknownClient, authorize))
    .post(handle(byParameter, refuseUnknownClient, authorize))
  router.get('/authorize/:uid', handle(byInteraction, refuseOver, pass))
  router.get(
    '/interaction/:uid/',
    handle(byInteraction, refuseOver, (running, { req, res }) => interact(ctx, running, req, res)),
  )

  router.post('/token/', handle(byRequest, refuseClient, pass))
  const withStoredToken: Answer = (running, incoming) => {
    const token = incoming.form.get('token')
    if (token !== null) incoming.form.set('token', storedTokenId(ctx.keys, token))
    return pass(running, incoming)
  }
  router.post('/introspect/', handle(byRequest, refuseClient, withStoredToken))
  router.post('/revoke/', handle(byRequest, refuseClient, withStoredToken))
  router
    .route('/userinfo/')
    .get(handle(byToken, refuseToken, pass))
    .post(handle(byToken, refuseToken, pass))
  router.options(['/token/', '/introspect/', '/revoke/', '/userinfo/'], preflight)

  router.get(
    '/:slug/.well-known/openid-configuration',
    handle(bySlug, refuseSlug, passTo('/.well-known/openid-configuration')),
  )
  router.get('/:slug/jwks/', handle(bySlug, refuseSlug, pass))
  router.get(
    '/:slug/',
    handle(bySlug, refuseSlug, (_, { req, res }) =>
      res.redirect(`${req.baseUrl}/${req.params['slug']}/.well-known/openid-configuration`),
    ),
  )
  const end: Answer = (running, { req, res, query, form }) =>
    endSession(ctx, running, req, res, req.method === 'POST' ? form : query)
  router
    .route('/:slug/end-session/')
    .get(handle(bySlug, refuseSlug, end))
    .post(handle(bySlug, refuseSlug, end))
  router.use(asOidcError)
  return router
}

/** A POST is answered like the GET with the same parameters. */
const authorize: Answer = ({ answer, base, settings }, { req, res, query, form }) => {
  const params = authorizeParameters(
    req.method === 'POST' ? form : query,
    settings.mappings.map(({ scope }) => scope),
  )
  if ('problem' in params)
    return sendNotice(res, 400, 'Request refused', `The request is not valid: ${params.problem}.`)
  const inner = innerRequest(req, { path: `/authorize/?${params}`, base })
  inner.method = 'GET'
  return answer(inner, res)
}

/** Browsers ask before they know the client; the request itself is then checked against its origins. */
const preflight: RequestHandler = (req, res) => {
  res
    .set({
      'Access-Control-Allow-Origin': req.headers.origin ?? '*',
      'Access-Control-Allow-Methods': 'GET, POST',
      'Access-Control-Allow-Headers': 'authorization, content-type',
      'Access-Control-Max-Age': '3600',
      Vary: 'Origin',
    })
    .sendStatus(204)
}

const refuseUnknownClient: Refuse = ({ res }) =>
  sendNotice(res, 400, 'Request refused', 'No application is registered with this client id.')
const refuseOver: Refuse = ({ res }) =>
  sendNotice(res, 400, 'Request expired', 'This sign-in is over. Start again from the application.')
const refuseSlug: Refuse = ({ res }) => sendNotice(res, 404, 'Not found', 'There is no such application.')
const refuseClient: Refuse = ({ res }) => {
  res.set({ 'Cache-Control': 'no-store', 'WWW-Authenticate': 'Basic realm="OAuth 2"' })
  res.status(401).json({ error: 'invalid_client', error_description: 'client authentication failed' })
}
const refuseToken: Refuse = ({ res }) => {
  const error = { error: 'invalid_token', error_description: 'invalid token provided' }
  res.set('WWW-Authenticate', `Bearer error="${error.error}", error_description="${error.error_description}"`)
  res.status(401).json(error)
}

function queryOf(req: Request): URLSearchParams {
  return new URL(req.originalUrl, 'http://core.invalid').searchParams
}

/** The form with every repetition of a name, so that the library can refuse it. */
function formOf(req: Request): URLSearchParams {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(req.body as Record<string, unknown>))
    for (const each of Array.isArray(value) ? value : [value]) if (typeof each === 'string') form.append(name, each)
  return form
}
