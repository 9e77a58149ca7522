import { z } from 'zod'

/** What is known about who wants in. */
export interface Answers {
  readonly username: string
  readonly password: string
  readonly code?: string | undefined
}

/** What to do with a challenge. `unavailable` says nothing about the user, and is never taken for a yes or a no. */
export type Solution =
  | { readonly kind: 'answer'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'passed' }
  | { readonly kind: 'denied' }
  | { readonly kind: 'unavailable'; readonly reason: string }

const deviceChallenge = z.object({ device_class: z.string(), device_uid: z.string(), challenge: z.unknown() })
const challengeShape = z.object({
  component: z.string(),
  response_errors: z.record(z.string(), z.array(z.unknown())).nullish(),
  device_challenges: z.array(deviceChallenge).optional(),
})
type Challenge = z.infer<typeof challengeShape>

/** The answers per component (sheet outpost-protocol §5.4); whatever is not here cannot be answered without a person. */
type Solver = (challenge: Challenge, answers: Answers) => Solution
const SOLVERS: ReadonlyMap<string, Solver> = new Map<string, Solver>([
  ['xak-flow-redirect', () => ({ kind: 'passed' })],
  ['ak-stage-access-denied', () => ({ kind: 'denied' })],
  [
    'ak-stage-identification',
    ({ component }, { username, password }) => answer({ component, uid_field: username, password }),
  ],
  ['ak-stage-password', ({ component }, { password }) => answer({ component, password })],
  ['ak-stage-user-login', ({ component }) => answer({ component, remember_me: true })],
  ['ak-stage-authenticator-validate', authenticate],
])

const answer = (body: Readonly<Record<string, unknown>>): Solution => ({ kind: 'answer', body })

/** Decides about one answer of the flow executor. */
export function solve(body: unknown, answers: Answers): Solution {
  const challenge = challengeShape.safeParse(body)
  if (!challenge.success) return { kind: 'unavailable', reason: 'the core did not answer with a challenge' }
  const { component, response_errors } = challenge.data
  if (Object.values(response_errors ?? {}).some((errors) => errors.length > 0)) return { kind: 'denied' }
  return (
    SOLVERS.get(component)?.(challenge.data, answers) ?? {
      kind: 'unavailable',
      reason: `unsupported challenge ${component.slice(0, 64)}`,
    }
  )
}

/** A code device when a code came along, else Duo, which asks the user on another device. */
function authenticate({ component, device_challenges = [] }: Challenge, { code }: Answers): Solution {
  const byClass = (...classes: readonly string[]) =>
    device_challenges.find((device) => classes.includes(device.device_class))
  const codeDevice = code === undefined ? undefined : byClass('totp', 'static')
  if (codeDevice !== undefined) return answer({ component, selected_challenge: codeDevice, code })
  const duo = byClass('duo')
  const duoId = Number(duo?.device_uid)
  if (duo !== undefined && Number.isInteger(duoId))
    return { kind: 'answer', body: { component, selected_challenge: duo, duo: duoId } }
  return { kind: 'denied' }
}
