import { desiredObjects } from '../kubernetes/desired-objects.ts'
import type { DeployableOutpost, DeploymentContext } from '../outpost.ts'
import { isComponent } from './component-problem.ts'
import { patchObjects } from './patch-objects.ts'

/**
 * What is wrong with an outpost's patches, tried on the objects that it would have now, for the person who wrote them. It
 * shows names and pointers, never values.
 */
export function patchesProblem(outpost: DeployableOutpost, context: DeploymentContext): string | undefined {
  const { kubernetes_json_patches: patches } = outpost.settings
  const [first] = patchObjects(desiredObjects(outpost, context, { token: '' }), patches).rejected
  if (first === undefined) return undefined
  const { component, index, reason } = first
  const what = isComponent(component) ? `${component}, operation ${index}: ${reason}` : reason
  return `wrong value for field "kubernetes_json_patches": ${what}`
}
