import { type DesiredContainer, OWNER_LABEL, SPEC_LABEL } from '#schema/deployment/docker/desired-container.ts'
import type { LiveContainer } from './live-container.ts'

export type NextStep =
  /** There is none: make it. */
  | { readonly kind: 'create' }
  /** It is not what is wanted, or can never run again: make another one, and keep this one until that is healthy. */
  | { readonly kind: 'replace'; readonly container: LiveContainer; readonly why: readonly Difference[] }
  /** It does not run, and the daemon leaves it so; the others may be in its way. */
  | { readonly kind: 'start'; readonly container: LiveContainer; readonly others: readonly LiveContainer[] }
  /** It runs, has been unhealthy for long, and there is nothing to return to. */
  | { readonly kind: 'restart'; readonly container: LiveContainer }
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

/** `spec`: it was made from something else. `image`: the reference has moved. `dead`: it can never run again. */
export type Difference = 'spec' | 'image' | 'dead'

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
/** One that has ended of itself as soon as it ran is left alone for this long: somebody has told the daemon to. */
const CRASH_PAUSE_MS = 60_000
/**
 * An unhealthy container is not started again more often than this: what a kubelet's back-off comes to, and longer than
 * an image's checks usually take to find one unhealthy.
 */
const RESTART_PAUSE_MS = 300_000

/** The one step that is due, from what is there: nothing else is remembered. */
export function nextStep({ desired, imageId, owned, named, rejectedSpec, now }: Situation): NextStep {
  const others = owned.filter(({ id }) => id !== named?.id)
  const isHeld = rejectedSpec === desired.specHash
  if (named === undefined) {
    // A replacement that was interrupted after the old one had made room, or the outpost has another name now.
    const stays = isHeld ? servedLast(others) : undefined
    return stays === undefined ? { kind: 'create' } : (revival(stays, [], now) ?? { kind: 'held' })
  }
  if (named.labels[OWNER_LABEL] !== desired.body.Labels[OWNER_LABEL]) return { kind: 'taken' }
  if (named.status === 'dead') return { kind: 'replace', container: named, why: ['dead'] }
  const why = differences(desired, imageId, named)
  if (why.length > 0 && isHeld) return revival(named, others, now) ?? { kind: 'held' }
  if (why.length > 0) return { kind: 'replace', container: named, why }
  return care(named, others, now)
}

/** The one that ran last of those that can run again. */
export function servedLast(containers: readonly LiveContainer[]): LiveContainer | undefined {
  const able = containers.filter(({ status, startedAt }) => startedAt > 0 && status !== 'dead' && status !== 'removing')
  return able.toSorted((a, b) => b.startedAt - a.startedAt)[0]
}

/** Whether a container does its work, as far as the daemon knows. */
export function judge(live: LiveContainer, now: number): 'healthy' | 'starting' | 'failing' | 'stopped' {
  const { status, health, startedAt, restarts, exitCode } = live
  // The daemon is at it.
  if (status === 'restarting') return restarts >= MANY_RESTARTS ? 'failing' : 'starting'
  if (status === 'removing') return 'starting'
  if (status === 'created' || status === 'paused') return 'stopped'
  if (status !== 'running') return exitCode === 0 ? 'stopped' : 'failing'
  const ranMs = now - startedAt
  if (health === 'healthy') return 'healthy'
  if (health === 'unhealthy') return 'failing'
  if (health === 'none') return ranMs >= STEADY_MS ? 'healthy' : 'starting'
  return ranMs >= DEADLINE_MS ? 'failing' : 'starting'
}

/** What a container needs that is the wanted one. */
function care(named: LiveContainer, others: readonly LiveContainer[], now: number): NextStep {
  const verdict = judge(named, now)
  if (verdict === 'healthy') return { kind: 'done', leftovers: others, isChecked: named.health !== 'none' }
  if (verdict === 'starting') return { kind: 'wait' }
  const previous = servedLast(others)
  if (verdict === 'failing' && previous !== undefined) return { kind: 'return', failed: named, to: previous }
  return revival(named, others, now) ?? { kind: 'failing', container: named }
}

/** What makes a container run, or run better; undefined for one that does, or is better left alone for now. */
function revival(live: LiveContainer, others: readonly LiveContainer[], now: number): NextStep | undefined {
  const { status, health, startedAt, finishedAt, exitCode } = live
  const start: NextStep = { kind: 'start', container: live, others }
  if (status === 'created' || status === 'paused') return start
  if (status === 'exited') {
    // The daemon restarts one that crashes, unless somebody has changed the policy.
    const hasCrashed = exitCode !== 0 && finishedAt - startedAt < STEADY_MS
    return hasCrashed && Math.abs(now - finishedAt) < CRASH_PAUSE_MS ? undefined : start
  }
  const isSick = status === 'running' && health === 'unhealthy'
  return isSick && now - startedAt >= RESTART_PAUSE_MS ? { kind: 'restart', container: live } : undefined
}

function differences(desired: DesiredContainer, imageId: string | undefined, live: LiveContainer) {
  const spec: readonly Difference[] = live.labels[SPEC_LABEL] === desired.specHash ? [] : ['spec']
  // The reference may have moved to another image since: what runs is compared, not what it was called.
  return imageId === undefined || imageId === live.imageId ? spec : [...spec, 'image' as const]
}
