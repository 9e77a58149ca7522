import type { FlowRecord } from '#core/store/flows.ts'
import type { ChallengeBase } from '#schema/challenge/challenge.ts'
import type { AccessDeniedChallenge, FlowErrorChallenge, RedirectChallenge } from '#schema/challenge/outcome.ts'
import { avatarOf } from './avatar.ts'
import type { FlowStep } from './executor.ts'
import { flowInfo } from './flow-info.ts'

type Challenge = (ChallengeBase & Readonly<Record<string, unknown>>) | AccessDeniedChallenge | RedirectChallenge

/** The challenge of a step as clients of the executor read it. */
export function challengeBody(flow: FlowRecord, step: Exclude<FlowStep, { kind: 'advanced' }>): Challenge {
  switch (step.kind) {
    case 'challenge': {
      const errors = step.errors === undefined ? {} : { response_errors: step.errors }
      return { type: 'native', ...step.challenge, ...errors }
    }
    case 'done':
      return { type: 'redirect', component: 'xak-flow-redirect', to: step.to } satisfies RedirectChallenge
    case 'denied':
      return {
        type: 'native',
        flow_info: flowInfo(flow),
        component: 'ak-stage-access-denied',
        pending_user: step.identifier,
        pending_user_avatar: avatarOf(step.identifier),
        error_message: step.message,
      } satisfies AccessDeniedChallenge
    default:
      return step satisfies never
  }
}

/** The answer when a step broke; the id is what to search for in the log. */
export function flowError(requestId: string): FlowErrorChallenge {
  return { type: 'native', component: 'ak-stage-flow-error', request_id: requestId }
}
