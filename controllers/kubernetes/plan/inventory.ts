import type { InventoryItem } from '#schema/deployment/status.ts'

interface Identified {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined; readonly uid?: string }
}

/** What is kept of an object to find it again. */
export function itemOf({ apiVersion, kind, metadata }: Identified): InventoryItem {
  const { name, namespace, uid } = metadata
  return {
    apiVersion,
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    ...(uid === undefined ? {} : { uid }),
  }
}

/** The same text for the same object, whichever version of its group it is spoken of in. */
export function keyOf({ apiVersion, kind, namespace = '', name }: Omit<InventoryItem, 'uid'>): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return [group, kind, namespace, name].join('/')
}

/** Items by which pods run: what serves until its successor does. */
export const isWorkload = ({ kind }: InventoryItem) => kind === 'Deployment' || kind === 'ReplicaSet'

/** An inventory without what is still wanted. */
export function withoutKeys(
  inventory: readonly InventoryItem[],
  wanted: readonly InventoryItem[],
): readonly InventoryItem[] {
  const keys = new Set(wanted.map(keyOf))
  return inventory.filter((item) => !keys.has(keyOf(item)))
}
