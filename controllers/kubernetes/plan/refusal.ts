import type { ClusterRefusedError } from '#controllers/kubernetes/cluster-refused-error.ts'
import { notServed, type Outcome } from './outcome.ts'

/** What the same request will not mend: the object itself has to change. */
const LASTING: ReadonlySet<number> = new Set([400, 405, 413, 415, 422])

/** How an object is that the cluster refused to read or write. */
export function refusedOutcome(
  error: ClusterRefusedError,
  { apiVersion, kind }: { apiVersion: string; kind: string },
): Outcome {
  const { status, reason, about, causes, detail, isConflict } = error
  if (status === 404 && about !== 'namespaces') return notServed(apiVersion, kind)
  return {
    condition: LASTING.has(status) && !isConflict ? 'rejected' : 'failed',
    reason:
      status === 404 ? 'NamespaceNotFound' : causes.includes('NamespaceTerminating') ? 'NamespaceTerminating' : reason,
    message: `${detail}${kind === 'Secret' ? namesOf(error) : saidBy(error)}`,
  }
}

const saidBy = ({ serverMessage }: ClusterRefusedError) => (serverMessage === '' ? '' : `: ${serverMessage}`)

/** What the server says of a Secret may quote it. */
const namesOf = ({ fields, status, serverMessage }: ClusterRefusedError) =>
  fields.length > 0 ? ` for ${fields.join(', ')}` : status === 403 ? `: ${serverMessage}` : ''

/**
 * How an object may be deleted and made again when only these fields stand in the way; what it owns goes with it, or
 * serves on until its successor does. A Service is not among them: it would lose its addresses.
 */
const REPLACEABLE: Readonly<Record<string, { readonly fields: RegExp; readonly owned: 'Background' | 'Orphan' }>> = {
  Deployment: { fields: /^spec\.selector$/, owned: 'Orphan' },
  Secret: { fields: /^(?:type|data|immutable)$/, owned: 'Background' },
}

/** What to do with what an object owns while it is replaced; undefined when replacing it is not the answer. */
export function replacement(
  { status, fields }: ClusterRefusedError,
  { apiVersion, kind }: { apiVersion: string; kind: string },
): 'Background' | 'Orphan' | undefined {
  const known = apiVersion === 'v1' || apiVersion === 'apps/v1' ? REPLACEABLE[kind] : undefined
  if (status !== 422 || fields.length === 0 || known === undefined) return undefined
  return fields.every((field) => known.fields.test(field)) ? known.owned : undefined
}
