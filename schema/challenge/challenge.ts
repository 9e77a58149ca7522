/** What every challenge of the flow executor carries (sheet outpost-protocol §5.3). */
export interface ChallengeBase {
  /** compat: required by 2023.8 clients, gone in 2026.2. */
  readonly type: 'native' | 'redirect'
  readonly component: string
  readonly flow_info?: FlowInfo
  /** Why the last answer was not accepted, by field. */
  readonly response_errors?: ResponseErrors
}

export interface FlowInfo {
  readonly title: string
  readonly background: string
  readonly cancel_url: string
  readonly layout: string
}

export type ResponseErrors = Readonly<Record<string, ReadonlyArray<{ readonly string: string; readonly code: string }>>>
