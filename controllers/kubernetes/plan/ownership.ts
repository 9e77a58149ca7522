import { deepMerge, isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'
import { valueAt } from '#schema/kernel/json-pointer.ts'
import { FIELD_MANAGER, type LiveObject, type ManagedFields } from './live-object.ts'

/** Who made the objects that are adopted. */
const PREDECESSOR = 'goauthentik.io'
/** Keeps the number of pods as it is until whoever it is left to changes it. */
const KEEPER = `${FIELD_MANAGER}-replicas`
const REPLICAS = { 'f:spec': { 'f:replicas': {} } }

const isOf = (manager: string, operation?: string) => (entry: ManagedFields) =>
  entry.manager === manager && entry.subresource === '' && (operation ?? entry.operation) === entry.operation

/**
 * The JSON patch that gives an object's fields the right owners, before it is applied, without changing a value; undefined
 * when they are right. Apply removes a field that is not wanted any more, but only when no other manager has it, and sets
 * it to its default when none has: so what the predecessor set has to be ours, and the number of pods somebody else's.
 */
export function ownershipPatch({ metadata }: LiveObject, wanted: JsonObject): readonly object[] | undefined {
  const { managedFields, resourceVersion } = metadata
  const theirs = managedFields.filter(isOf(PREDECESSOR))
  const ours = managedFields.filter(isOf(FIELD_MANAGER, 'Apply'))
  const [first] = [...ours, ...theirs]
  if (first === undefined) return undefined
  const fieldsV1 = deepMerge(...theirs.map((each) => each.fieldsV1), ...ours.map((each) => each.fieldsV1))
  const spec = fieldsV1['f:spec']
  const lets = isJsonObject(spec) && 'f:replicas' in spec && valueAt(wanted, ['spec', 'replicas']) === undefined
  if (theirs.length === 0 && !lets) return undefined
  if (lets) fieldsV1['f:spec'] = Object.fromEntries(Object.entries(spec).filter(([field]) => field !== 'f:replicas'))
  const rest = managedFields.filter(
    (each) => !theirs.includes(each) && !ours.includes(each) && (!lets || !isOf(KEEPER)(each)),
  )
  const taken = { ...first, manager: FIELD_MANAGER, operation: 'Apply', fieldsV1 }
  const kept = lets ? [{ ...first, manager: KEEPER, operation: 'Update', fieldsV1: REPLICAS }] : []
  return [
    { op: 'replace', path: '/metadata/managedFields', value: [...rest, taken, ...kept].map(asSent) },
    // Somebody else's write in between is a conflict.
    { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
  ]
}

const asSent = ({ subresource, ...entry }: ManagedFields) => (subresource === '' ? entry : { ...entry, subresource })
