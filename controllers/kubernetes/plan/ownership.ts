import { deepMerge, isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'
import { valueAt } from '#schema/kernel/json-pointer.ts'
import { collidingPorts } from './colliding-ports.ts'
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
 * it to its default when none has: so what the predecessor set has to be ours, and what is in the way of a wanted
 * port, and the number of pods somebody else's.
 */
export function ownershipPatch(live: LiveObject, wanted: JsonObject): readonly object[] | undefined {
  const { managedFields, resourceVersion } = live.metadata
  const theirs = managedFields.filter(isOf(PREDECESSOR))
  const ours = managedFields.filter(isOf(FIELD_MANAGER, 'Apply'))
  const [first] = [...ours, ...theirs]
  if (first === undefined) return undefined
  const inTheWay = portsInTheWay(live, wanted)
  const fieldsV1 = deepMerge(
    ...theirs.map((each) => each.fieldsV1),
    ...ours.map((each) => each.fieldsV1),
    ...inTheWay.map((steps) => steps.reduceRight<JsonObject>((inner, step) => ({ [step]: inner }), { '.': {} })),
  )
  const spec = fieldsV1['f:spec']
  const lets = isJsonObject(spec) && 'f:replicas' in spec && valueAt(wanted, ['spec', 'replicas']) === undefined
  if (theirs.length === 0 && !lets && inTheWay.length === 0) return undefined
  if (lets) fieldsV1['f:spec'] = Object.fromEntries(Object.entries(spec).filter(([field]) => field !== 'f:replicas'))
  const rest = managedFields
    .filter((each) => !theirs.includes(each) && !ours.includes(each) && (!lets || !isOf(KEEPER)(each)))
    .map((each) => ({ ...each, fieldsV1: inTheWay.reduce(without, each.fieldsV1) }))
  const taken = { ...first, manager: FIELD_MANAGER, operation: 'Apply', fieldsV1 }
  const kept = lets ? [{ ...first, manager: KEEPER, operation: 'Update', fieldsV1: REPLICAS }] : []
  return [
    { op: 'replace', path: '/metadata/managedFields', value: [...rest, taken, ...kept].map(asSent) },
    // Somebody else's write in between is a conflict.
    { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
  ]
}

/** Ports that collide with wanted ones and are not, or not only, ours to remove: where they are in `managedFields`. */
function portsInTheWay(live: LiveObject, wanted: JsonObject): ReturnType<typeof collidingPorts> {
  return collidingPorts(live, wanted).filter((steps) => {
    const owners = live.metadata.managedFields.filter(({ fieldsV1 }) => valueAt(fieldsV1, steps) !== undefined)
    return owners.length === 0 || !owners.every(isOf(FIELD_MANAGER, 'Apply'))
  })
}

const asSent = ({ subresource, ...entry }: ManagedFields) => (subresource === '' ? entry : { ...entry, subresource })

/** Fields without those at the end of the steps. What has nothing left goes too: with nothing in it, it is all of a field. */
function without(fields: JsonObject, [first, ...more]: readonly string[]): JsonObject {
  if (first === undefined || !Object.hasOwn(fields, first)) return fields
  const { [first]: inner, ...others } = fields
  const left = more.length > 0 && isJsonObject(inner) ? without(inner, more) : {}
  if (left === inner) return fields
  return Object.keys(left).length > 0 ? { ...others, [first]: left } : others
}
