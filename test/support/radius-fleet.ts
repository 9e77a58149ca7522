import type { FlowClient, FlowLogin, FlowOutcome } from '#outposts/flow/flow-client.ts'
import { RadiusServer } from '#outposts/radius/radius-server.ts'
import { RADIUS_LIMITS, type RadiusLimits } from '#outposts/radius/request-handler.ts'
import type { RadiusOutpostConfig } from '#schema/api/outpost-providers.ts'
import { outpostHost } from './outpost-host.ts'
import { SECRET } from './radius.ts'

export const ALLOWED: FlowOutcome = {
  kind: 'allowed',
  user: { pk: 7, username: 'demo', uid: 'uid-of-demo', groups: [] },
  sessionExpires: undefined,
  session: undefined,
}
export const DENIED: FlowOutcome = { kind: 'denied', reason: 'invalid_credentials' }

/** A core that knows one user, `demo` with the password `right`, and remembers what it was asked. */
export class OneUser implements FlowClient {
  readonly asked: FlowLogin[] = []
  /** What it does instead of looking at the credentials. */
  answer: ((login: FlowLogin) => Promise<FlowOutcome>) | undefined

  login(login: FlowLogin): Promise<FlowOutcome> {
    this.asked.push(login)
    if (this.answer !== undefined) return this.answer(login)
    return Promise.resolve(login.username === 'demo' && login.password === 'right' ? ALLOWED : DENIED)
  }
}

/** A provider as the core describes it. */
export const radiusProvider = (change: Partial<RadiusOutpostConfig> = {}): RadiusOutpostConfig => ({
  pk: 1,
  name: 'network',
  application_slug: 'network',
  auth_flow_slug: 'login',
  client_networks: '127.0.0.0/8, ::1/128',
  shared_secret: SECRET,
  message_authenticator: 'required',
  mfa_support: false,
  ...change,
})

export interface RunningRadius extends AsyncDisposable {
  readonly server: RadiusServer
  readonly port: number
  /** Reads the providers again; each is one page of the list. */
  configure(providers: readonly unknown[]): Promise<void>
}

const OUTPOST = { pk: '00000000-0000-4000-8000-000000000001', name: 'radius', config: {} }

/** The outpost on a free port, before a core that answers logins with `flows`. */
export async function startRadius(
  flows: FlowClient,
  {
    providers = [radiusProvider()] as readonly unknown[],
    address = '127.0.0.1',
    port = 0,
    limits = {} as Partial<RadiusLimits>,
  } = {},
): Promise<RunningRadius> {
  let served = providers
  const host = await outpostHost({
    flows,
    listen: { radius: { host: address, port } },
    core: {
      request({ query }) {
        const number = Number(query?.['page'])
        const next = number < served.length ? number + 1 : 0
        const body = { pagination: { next }, results: served.slice(number - 1, number) }
        return Promise.resolve({ kind: 'ok', status: 200, body, etag: undefined })
      },
    },
  })
  const server = new RadiusServer(host, { ...RADIUS_LIMITS, ...limits })
  await server.configure(OUTPOST)
  await server.listen()
  return {
    server,
    port: server.port!,
    configure(changed) {
      served = changed
      return server.configure(OUTPOST)
    },
    [Symbol.asyncDispose]: () => server.close(AbortSignal.timeout(1000)),
  }
}
