import type { StoredRecord } from '#core/store/tables/deployments.ts'

/** What is wrong with a deployment that was not wrong before, one line each, for auditors; empty when nothing is. */
export function newTroubles(before: StoredRecord | undefined, after: StoredRecord): readonly string[] {
  const known = new Set(troublesOf(before).map(([key]) => key))
  return troublesOf(after).flatMap(([key, message]) => (known.has(key) ? [] : [`${key}${message && `: ${message}`}`]))
}

/** What tells one from another, and what was said of it, which may differ each time. */
function troublesOf(record: StoredRecord | undefined): ReadonlyArray<readonly [key: string, message: string]> {
  if (record === undefined) return []
  const { error, objects, rejected_image: image, rejected_why: why } = record
  return [
    ...(error === '' ? [] : [[error, ''] as const]),
    ...(image === '' ? [] : [[`the image ${image} did not become healthy`, why] as const]),
    ...objects
      .filter(({ condition }) => condition === 'failed' || condition === 'rejected')
      .map(
        ({ component, kind, name, reason, message }) => [`${component}: ${kind} ${name}: ${reason}`, message] as const,
      ),
  ]
}
