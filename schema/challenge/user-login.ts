import { z } from 'zod'
import type { ChallengeBase } from './challenge.ts'

export interface UserLoginChallenge extends ChallengeBase {
  readonly component: 'ak-stage-user-login'
  readonly pending_user: string
  readonly pending_user_avatar: string
}

export const userLoginResponse = z.object({
  remember_me: z.union([z.boolean(), z.enum(['true', 'false', 'on']).transform((text) => text !== 'false')], {
    error: 'This field is required.',
  }),
})
