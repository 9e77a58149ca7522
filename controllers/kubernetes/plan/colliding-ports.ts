import { isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'
import { valueAt } from '#schema/kernel/json-pointer.ts'

/** A list of ports, and where it is in `managedFields`. */
interface PortList {
  readonly at: readonly string[]
  readonly number: 'containerPort' | 'port'
  readonly ports: readonly JsonObject[]
}

/**
 * Where in `managedFields` those ports of an object are that have the name of a wanted one under another number. Lists of
 * ports are merged by number: the wanted one would come beside it, and no cluster takes two ports of one name.
 */
export function collidingPorts(live: JsonObject, wanted: JsonObject): ReadonlyArray<readonly string[]> {
  const lists = new Map(portLists(wanted).map((list) => [list.at.join(), list]))
  return portLists(live).flatMap((list) => {
    const asked = lists.get(list.at.join())?.ports ?? []
    const keys = new Set(asked.map(keyIn(list)))
    const names = new Set<unknown>(asked.flatMap(({ name }) => (name === undefined ? [] : [name])))
    const colliding = list.ports.filter((port) => names.has(port['name'])).map(keyIn(list))
    return colliding.filter((key) => !keys.has(key)).map((key) => [...list.at, key])
  })
}

/** Of a Service, and of each container of a Deployment. */
function portLists(object: JsonObject): readonly PortList[] {
  const ofPods = objectsAt(object, ['spec', 'template', 'spec', 'containers']).map((container): PortList => {
    const key = `k:${JSON.stringify({ name: container['name'] })}`
    const at = ['f:spec', 'f:template', 'f:spec', 'f:containers', key, 'f:ports']
    return { at, number: 'containerPort', ports: objectsAt(container, ['ports']) }
  })
  return [{ at: ['f:spec', 'f:ports'], number: 'port', ports: objectsAt(object, ['spec', 'ports']) }, ...ofPods]
}

/** As the server writes it. */
const keyIn =
  ({ number }: PortList) =>
  ({ [number]: port, protocol = 'TCP' }: JsonObject) =>
    `k:${JSON.stringify({ [number]: port, protocol })}`

function objectsAt(document: JsonObject, steps: readonly string[]): readonly JsonObject[] {
  const list = valueAt(document, steps)
  return Array.isArray(list) ? list.filter(isJsonObject) : []
}
