import type { InventoryItem, ObjectStatus } from '#schema/deployment/status.ts'
import type { LiveObject } from './live-object.ts'

/** How an object is, in the words of its status. */
export type Verdict = Pick<ObjectStatus, 'condition' | 'reason' | 'message'>

/** What became of one wanted object in one pass. */
export interface Outcome extends Verdict {
  /** The object as it is now, when it is there and ours. */
  readonly live?: LiveObject | undefined
  /** There cannot be such an object: there is nothing to remember. */
  readonly isNothing?: boolean
  /** What goes on without its owner for a while, and has to be removed later. */
  readonly orphans?: readonly InventoryItem[]
}

export const notServed = (apiVersion: string, kind: string): Outcome => ({
  condition: 'skipped',
  reason: 'KindNotServed',
  message: `the cluster does not serve ${kind} of ${apiVersion}; it is made when the cluster does`,
  isNothing: true,
})

export const NOT_OURS: Outcome = {
  condition: 'rejected',
  reason: 'NotOurs',
  message: 'an object of this name is there already and does not belong to this outpost; it is left as it is',
}

export const TERMINATING: Outcome = {
  condition: 'progressing',
  reason: 'Terminating',
  message: 'it is being deleted and is made again when it is gone',
}
