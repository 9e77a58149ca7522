import { isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'
import { valueAt } from '#schema/kernel/json-pointer.ts'
import type { KubernetesObject } from '../desired-object.ts'
import { base64 } from '../kubernetes/secret.ts'

/** There so that a patch can add to them. */
const PLACES_FOR_PATCHES = [
  { above: ['metadata'], name: 'annotations' },
  { above: ['spec', 'template', 'metadata'], name: 'annotations' },
  { above: ['spec', 'template', 'spec'], name: 'imagePullSecrets' },
]

/**
 * An object as a server keeps it: it drops empty places, and turns `stringData` into `data`. Sent as it was, each apply
 * would be a change.
 */
export function asStored(object: KubernetesObject): KubernetesObject {
  const copy = structuredClone(object) as JsonObject
  for (const { above, name } of PLACES_FOR_PATCHES) {
    const parent = valueAt(copy, above)
    if (isJsonObject(parent) && isEmpty(parent[name])) delete parent[name]
  }
  return (object.kind === 'Secret' ? withoutStringData(copy) : copy) as KubernetesObject
}

/** What is not text stays, for the server to refuse. */
function withoutStringData({ stringData, ...secret }: JsonObject): JsonObject {
  if (stringData === undefined) return secret
  const data = secret['data'] ?? {}
  const isUsable = isJsonObject(stringData) && Object.values(stringData).every((text) => typeof text === 'string')
  if (!isUsable || !isJsonObject(data)) return { ...secret, stringData }
  const encoded = Object.entries(stringData).map(([key, text]) => [key, base64(text as string)])
  return { ...secret, data: { ...data, ...Object.fromEntries(encoded) } }
}

const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0
