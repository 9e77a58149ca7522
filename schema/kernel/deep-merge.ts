export type JsonObject = { [key: string]: unknown }

/** Whether a value is a plain JSON object (not null, not a list). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * A new object: objects merge, lists concatenate, anything else is replaced by the later layer.
 * No layer is written to, and `__proto__`, `constructor` and `prototype` keys are dropped.
 */
export function deepMerge(...layers: readonly JsonObject[]): JsonObject {
  const merged: JsonObject = {}
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer)) {
      if (key === '__proto__' || key === 'constructor' || key === 'prototype') continue
      const before = merged[key]
      if (isJsonObject(value)) merged[key] = deepMerge(isJsonObject(before) ? before : {}, value)
      else if (Array.isArray(value)) merged[key] = [...(Array.isArray(before) ? before : []), ...value]
      else merged[key] = value
    }
  }
  return merged
}
