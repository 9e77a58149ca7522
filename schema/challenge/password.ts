import { z } from 'zod'
import type { ChallengeBase } from './challenge.ts'

export interface PasswordChallenge extends ChallengeBase {
  readonly component: 'ak-stage-password'
  readonly pending_user: string
  readonly pending_user_avatar: string
  readonly recovery_url?: string
}

/** The password is taken as it is: blanks at its ends belong to it. */
export const passwordResponse = z.object({
  password: z.string({ error: 'This field is required.' }).min(1, 'This field may not be blank.').max(4096),
})
