import type { ChallengeBase } from './challenge.ts'

/** How a flow ends. */
export interface AccessDeniedChallenge extends ChallengeBase {
  readonly component: 'ak-stage-access-denied'
  readonly pending_user: string
  readonly pending_user_avatar: string
  readonly error_message: string
}

export interface RedirectChallenge extends ChallengeBase {
  readonly type: 'redirect'
  readonly component: 'xak-flow-redirect'
  readonly to: string
}

/** Something broke; the id is what to search for in the log. */
export interface FlowErrorChallenge extends ChallengeBase {
  readonly component: 'ak-stage-flow-error'
  readonly request_id: string
}
