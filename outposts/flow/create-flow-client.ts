import type { AxiosInstance } from 'axios'
import { z } from 'zod'
import type { OutpostConfig } from '#outposts/config/outpost-config.ts'
import type { FlowClient, FlowLogin, FlowOutcome, FlowUser } from './flow-client.ts'
import type { FlowMetrics } from './flow-metrics.ts'
import { FlowSession, type SessionAnswer } from './flow-session.ts'
import { type Solution, solve } from './solve.ts'

const MAX_ANSWERS = 10

const accessShape = z.object({ passing: z.boolean() })
const meShape = z.object({
  user: z.object({
    pk: z.number().int(),
    username: z.string(),
    uid: z.string(),
    is_active: z.boolean(),
    groups: z.array(z.object({ pk: z.string(), name: z.string() })),
  }),
})

/** Logs users in through the core's flow executor, each attempt in a session of its own (sheet outpost-protocol §5). */
export function createFlowClient(
  http: AxiosInstance,
  { host, token, mayAdmit }: Pick<OutpostConfig, 'host' | 'token'> & { readonly mayAdmit: () => boolean },
  metrics: FlowMetrics,
): FlowClient {
  return {
    async login(login) {
      if (!mayAdmit()) return { kind: 'unavailable', reason: 'the core refuses this outpost' }
      const session = new FlowSession({
        http,
        host,
        signal: login.signal,
        headers: { 'x-authentik-remote-ip': login.remoteIp, 'x-authentik-outpost-token': token.reveal() },
      })
      try {
        return (await runFlow(session, login, metrics)) ?? (await checkAccess(session, login))
      } catch (cause) {
        return { kind: 'unavailable', reason: cause instanceof Error ? cause.message : 'the core does not answer' }
      }
    },
  }
}

/** Undefined when the flow was passed, which alone proves nothing; else how it ended. */
async function runFlow(session: FlowSession, login: FlowLogin, metrics: FlowMetrics): Promise<FlowOutcome | undefined> {
  const inner = encodeURIComponent(`${encodeURIComponent(`goauthentik.io/outpost/${login.protocol}`)}=true`)
  const path = `/flows/executor/${encodeURIComponent(login.flowSlug)}/?query=${inner}`
  const labels = { flow: login.flowSlug }
  const answered = new Set<unknown>()
  let isCodeUsed = false
  let answer = await metrics.get.timed(labels, () => session.request('GET', path))
  for (let sent = 0; ; sent++) {
    const solution = read(answer, login)
    if (solution.kind === 'passed')
      // A code that nobody asked for was not checked: it may be the end of a password that is wrong without it.
      return login.code === undefined || isCodeUsed ? undefined : { kind: 'denied', reason: 'invalid_credentials' }
    if (solution.kind === 'denied') return { kind: 'denied', reason: 'invalid_credentials' }
    if (solution.kind === 'unavailable') return solution
    // Being asked the same again without an error means that the flow was restarted: the answers will not get better.
    const { component } = solution.body
    if (answered.has(component) || sent >= MAX_ANSWERS) return { kind: 'denied', reason: 'flow_error' }
    answered.add(component)
    isCodeUsed ||= solution.body['code'] !== undefined
    answer = await metrics.post.timed(labels, () => session.request('POST', path, solution.body))
  }
}

function read({ status, body }: SessionAnswer, login: FlowLogin): Solution {
  return status === 200 ? solve(body, login) : { kind: 'unavailable', reason: `the flow executor answered ${status}` }
}

/** The application's answer in the session that the flow has made, then who that session belongs to. */
async function checkAccess(session: FlowSession, { applicationSlug, username }: FlowLogin): Promise<FlowOutcome> {
  const access = await session.request('GET', `/core/applications/${encodeURIComponent(applicationSlug)}/check_access/`)
  if (access.status === 403 || access.status === 404) return { kind: 'denied', reason: 'access_denied' }
  const verdict = accessShape.safeParse(access.body)
  if (access.status !== 200 || !verdict.success)
    return { kind: 'unavailable', reason: `check_access answered ${access.status}` }
  if (!verdict.data.passing) return { kind: 'denied', reason: 'access_denied' }
  const me = await session.request('GET', '/core/users/me/')
  const parsed = meShape.safeParse(me.body)
  if (me.status !== 200 || !parsed.success) return { kind: 'unavailable', reason: `users/me answered ${me.status}` }
  const { user } = parsed.data
  if (!user.is_active) return { kind: 'denied', reason: 'access_denied' }
  if (!isNamed(user, username)) return { kind: 'denied', reason: 'flow_error' }
  return { kind: 'allowed', user, sessionExpires: session.expires, session: session.hash }
}

/** A flow may let people in by e-mail address; protocols name users by their username, and only by that. */
function isNamed(user: FlowUser, username: string): boolean {
  return user.username.toLowerCase() === username.toLowerCase()
}
