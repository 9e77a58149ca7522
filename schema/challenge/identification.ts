import { z } from 'zod'
import type { ChallengeBase } from './challenge.ts'

export interface IdentificationChallenge extends ChallengeBase {
  readonly component: 'ak-stage-identification'
  readonly user_fields: readonly string[]
  /** The password is asked for in the same step. */
  readonly password_fields: boolean
  readonly application_pre?: string
  readonly primary_action: string
  readonly sources: readonly unknown[]
  readonly show_source_labels: boolean
  /** compat: required by 2026.2 clients. */
  readonly flow_designation: string
}

export const identificationResponse = z.object({
  uid_field: z.string({ error: 'This field is required.' }).trim().min(1, 'This field may not be blank.').max(254),
  password: z.string().max(4096).optional(),
})
