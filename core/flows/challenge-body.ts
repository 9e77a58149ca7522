import type { FlowRecord } from '#core/store/flows.ts'
import type { ChallengeBase, FlowInfo } from '#schema/challenge/challenge.ts'
import type { AccessDeniedChallenge, FlowErrorChallenge, RedirectChallenge } from '#schema/challenge/outcome.ts'
import { avatarOf } from './avatar.ts'
import type { FlowStep } from './executor.ts'

/** How a flow presents itself; `%(app)s` and `%(user)s` in its title are filled in. */
export function flowInfo(flow: FlowRecord, application = ''): FlowInfo {
  const title = flow.title.replaceAll('%(app)s', application).replaceAll('%(user)s', '')
  return { title, background: flow.background, cancel_url: '/flows/-/cancel/', layout: flow.layout }
}

type Challenge = (ChallengeBase & Readonly<Record<string, unknown>>) | AccessDeniedChallenge | RedirectChallenge

/** The challenge of a step as clients of the executor read it. */
export function challengeBody(flow: FlowRecord, step: Exclude<FlowStep, { kind: 'advanced' }>): Challenge {
  const flow_info = flowInfo(flow)
  switch (step.kind) {
    case 'challenge': {
      const errors = step.errors === undefined ? {} : { response_errors: step.errors }
      return { type: 'native', flow_info, ...step.challenge, ...errors }
    }
    case 'done':
      return { type: 'redirect', component: 'xak-flow-redirect', to: step.to } satisfies RedirectChallenge
    case 'denied':
      return {
        type: 'native',
        flow_info,
        component: 'ak-stage-access-denied',
        pending_user: step.identifier,
        pending_user_avatar: avatarOf(step.identifier),
        error_message: step.message,
      } satisfies AccessDeniedChallenge
    default:
      return step satisfies never
  }
}

export function flowError(requestId: string): FlowErrorChallenge {
  return { type: 'native', component: 'ak-stage-flow-error', request_id: requestId }
}
