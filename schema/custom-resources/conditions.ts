/** As Kubernetes has them (metav1.Condition). */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration: number
}

export type Said = Pick<Condition, 'status' | 'reason' | 'message'>

/** The conditions by type, each with the time of its last change of status. */
export function conditionsAfter(
  before: readonly Condition[],
  said: Readonly<Record<string, Said>>,
  { now, generation }: { readonly now: number; readonly generation: number },
): readonly Condition[] {
  return Object.entries(said).map(([type, each]) => {
    const known = before.find((one) => one.type === type && one.status === each.status)
    const lastTransitionTime = known?.lastTransitionTime ?? new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
    return { type, ...each, lastTransitionTime, observedGeneration: generation }
  })
}
