import type { FlowClient, FlowLogin, FlowOutcome } from '#outposts/flow/flow-client.ts'
import type { RadiusOutpostConfig } from '#schema/api/outpost-providers.ts'
import { SECRET } from './radius.ts'

export const ALLOWED: FlowOutcome = {
  kind: 'allowed',
  user: { pk: 7, username: 'demo', uid: 'uid-of-demo', groups: [] },
  sessionExpires: undefined,
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
  mfa_support: false,
  ...change,
})
