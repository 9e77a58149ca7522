import { type DesiredContainer, OWNER_LABEL, SPEC_LABEL } from '#schema/deployment/docker/desired-container.ts'
import type { LiveContainer } from './live-container.ts'

export type NextStep =
  /** There is none: make it. */
  | { readonly kind: 'create' }
  /** It was made from something else: make another one, and keep this one until that is healthy. */
  | { readonly kind: 'replace'; readonly why: readonly string[] }
  /** It does not run. */
  | { readonly kind: 'start'; readonly container: LiveContainer }
  /** It is on its way, and has time left. */
  | { readonly kind: 'wait' }
  /** It is as it should be; these are left of what was before. Without a health check nobody knows whether it serves. */
  | { readonly kind: 'done'; readonly leftovers: readonly LiveContainer[]; readonly isChecked: boolean }
  /** It did not become healthy: the one from before runs again. */
  | { readonly kind: 'return'; readonly failed: LiveContainer; readonly to: LiveContainer }
  /** It is not healthy, and there is nothing to return to. */
  | { readonly kind: 'failing'; readonly container: LiveContainer }
  /** Another one was tried and failed: this one stays until something else is wanted. */
  | { readonly kind: 'held' }
  /** Somebody else's container has the name. */
  | { readonly kind: 'taken' }

export interface Situation {
  readonly desired: DesiredContainer
  /** The id of the wanted image on the daemon; undefined if it is not there. */
  readonly imageId: string | undefined
  /** Every container that carries this outpost's label. */
  readonly owned: readonly LiveContainer[]
  /** The container that has the wanted name, whoever's it is. */
  readonly named: LiveContainer | undefined
  /** The spec that was tried last and did not become healthy. */
  readonly rejectedSpec: string | undefined
  readonly now: number
}

/** A container without a health check that has run for this long is taken for a healthy one. */
const STEADY_MS = 10_000
/** A container may take this long to become healthy. */
const DEADLINE_MS = 120_000
const MANY_RESTARTS = 3

/** The one step that is due, from what is there: nothing else is remembered. */
export function nextStep({ desired, imageId, owned, named, rejectedSpec, now }: Situation): NextStep {
  const others = owned.filter(({ id }) => id !== named?.id)
  if (named === undefined) {
    // A replacement that was interrupted after the old one had made room, or the outpost has another name now.
    const is = rejectedSpec === desired.specHash ? others.find(({ status }) => status === 'running') : undefined
    return is === undefined ? { kind: 'create' } : { kind: 'held' }
  }
  if (named.labels[OWNER_LABEL] !== desired.body.Labels[OWNER_LABEL]) return { kind: 'taken' }
  const why = differences(desired, imageId, named)
  if (why.length > 0) return rejectedSpec === desired.specHash ? { kind: 'held' } : { kind: 'replace', why }
  const previous = others.toSorted((a, b) => b.startedAt - a.startedAt)[0]
  switch (judge(named, now)) {
    case 'healthy':
      return { kind: 'done', leftovers: others, isChecked: named.health !== 'none' }
    case 'stopped':
      return { kind: 'start', container: named }
    case 'starting':
      return { kind: 'wait' }
    default:
      return previous === undefined
        ? { kind: 'failing', container: named }
        : { kind: 'return', failed: named, to: previous }
  }
}

function differences(desired: DesiredContainer, imageId: string | undefined, live: LiveContainer): readonly string[] {
  const spec = live.labels[SPEC_LABEL] === desired.specHash ? [] : ['spec']
  // The reference may have moved to another image since: what runs is compared, not what it was called.
  return imageId === undefined || imageId === live.imageId ? spec : [...spec, 'image']
}

function judge(live: LiveContainer, now: number): 'healthy' | 'starting' | 'failing' | 'stopped' {
  const { status, health, startedAt, restarts, exitCode } = live
  if (status === 'restarting') return restarts >= MANY_RESTARTS ? 'failing' : 'starting'
  if (status === 'created') return 'stopped'
  if (status !== 'running') return exitCode === 0 ? 'stopped' : 'failing'
  const ranMs = now - startedAt
  if (health === 'healthy') return 'healthy'
  if (health === 'unhealthy') return 'failing'
  if (health === 'none') return ranMs >= STEADY_MS ? 'healthy' : 'starting'
  return ranMs >= DEADLINE_MS ? 'failing' : 'starting'
}
