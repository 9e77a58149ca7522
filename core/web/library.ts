import { asc, eq, isNotNull } from 'drizzle-orm'
import { type Request, type Response, Router } from 'express'
import { mayOpenApplication } from '#core/access/gate.ts'
import type { CoreContext } from '#core/context.ts'
import { activeStatus } from '#core/domain/access/active.ts'
import { launchUrlOf } from '#core/domain/access/launch-url.ts'
import { clientIpOf } from '#core/http/client-ip.ts'
import { NotFoundError } from '#core/http/http-errors.ts'
import { sessionOf } from '#core/http/session.ts'
import { applications, oauth2Providers, proxyProviders } from '#core/store/tables/applications.ts'
import { loadPrincipal, type Principal } from '#core/store/users.ts'
import { html } from './html.ts'
import { sendPage } from './page.ts'

/** The applications that the visitor may open, and the way to each. */
export function libraryPages(ctx: CoreContext): Router {
  const router = Router()
  router.get('/', (_req, res) => res.redirect('/if/user/'))

  router.get('/if/user/', async (req, res) => {
    const principal = await visitor(ctx, req)
    if (principal === undefined) return askToSignIn(req, res)
    const open: Launchable[] = []
    for (const application of await launchable(ctx, principal)) {
      const question = { principal, application, clientIp: clientIpOf(req) }
      if (application.launchUrl !== undefined && (await mayOpenApplication(ctx, question)).passing)
        open.push(application)
    }
    sendPage(res, { title: 'Applications', body: list(principal, open, sessionOf(req).csrfToken) })
  })

  router.get('/application/launch/:slug/', async (req, res) => {
    const principal = await visitor(ctx, req)
    const application = (await launchable(ctx, principal)).find((each) => each.slug === req.params['slug'])
    if (application?.launchUrl === undefined) throw new NotFoundError()
    if (principal === undefined) return askToSignIn(req, res)
    res.redirect(application.launchUrl)
  })

  // Where applications send whoever has signed out of them: they may still be signed in here.
  router.get('/if/session-end/:slug/', async (req, res) => {
    const application = (await launchable(ctx)).find((each) => each.slug === req.params['slug'])
    if (application === undefined) throw new NotFoundError()
    const isSignedIn = (await visitor(ctx, req)) !== undefined
    sendPage(res, { title: 'Signed out', body: signedOutOf(application, isSignedIn ? sessionOf(req).csrfToken : '') })
  })
  return router
}

interface Launchable {
  readonly pbmUuid: string
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly launchUrl: string | undefined
}

async function visitor(ctx: CoreContext, req: Request): Promise<Principal | undefined> {
  const { user } = sessionOf(req)
  const principal = user === undefined ? undefined : await loadPrincipal(ctx, user)
  return principal !== undefined && activeStatus(principal.user).kind === 'active' ? principal : undefined
}

function askToSignIn(req: Request, res: Response): void {
  res.redirect(`/flows/-/default/authentication/?${new URLSearchParams({ next: req.originalUrl })}`)
}

async function launchable(ctx: CoreContext, principal?: Principal): Promise<readonly Launchable[]> {
  const rows = await ctx.db
    .select({
      application: applications,
      externalHost: proxyProviders.externalHost,
      redirectUris: oauth2Providers.redirectUris,
    })
    .from(applications)
    .leftJoin(oauth2Providers, eq(oauth2Providers.id, applications.provider))
    .leftJoin(proxyProviders, eq(proxyProviders.id, applications.provider))
    .where(isNotNull(applications.slug))
    .orderBy(asc(applications.name))
  return rows.map(({ application, externalHost, redirectUris }) => ({
    pbmUuid: application.pbmUuid,
    slug: application.slug,
    name: application.name,
    description: application.metaDescription,
    launchUrl: launchUrlOf({ metaLaunchUrl: application.metaLaunchUrl, externalHost, redirectUris }, principal?.user),
  }))
}

function list({ user }: Principal, open: readonly Launchable[], csrf: string) {
  const items = open.map(
    ({ launchUrl, name, description }) =>
      html`<li><a href="${launchUrl ?? ''}"><strong>${name}</strong><span class="quiet">${description}</span></a></li>`,
  )
  return html`<h1>${user.name || user.username}</h1>
${items.length === 0 ? html`<p>There is no application that you may open.</p>` : html`<ul class="applications">${items}</ul>`}
${signOutForm(csrf)}`
}

const signedOutOf = ({ name, slug }: Launchable, csrf: string) => html`<h1>You are signed out of ${name}</h1>
<p><a href="/application/launch/${slug}/">Open ${name} again</a></p>
<p><a href="/if/user/">Back to your applications</a></p>
${csrf !== '' && signOutForm(csrf)}`

const signOutForm = (csrf: string) => html`<form method="post" action="/flows/-/default/invalidation/">
<input type="hidden" name="csrf" value="${csrf}">
<button type="submit" class="plain">Sign out</button>
</form>`
