import type { ClusterRefusedError } from '#controllers/kubernetes/cluster-refused-error.ts'
import { notServed, type Outcome } from './outcome.ts'

/** What the same request will not mend: the object itself has to change. */
const LASTING: ReadonlySet<number> = new Set([400, 405, 413, 415, 422])

/** Of answers with 500: API servers before 1.22 have no other for what does not fit the schema, or a type of theirs. */
const UNTYPED =
  /^failed to (?:create typed (?:patch|live) object|convert new object\b.*: unable to convert unstructured object)/

/** Of answers with 400: an admission webhook has side effects. It says nothing of the object. */
const NO_DRY_RUN = /^admission webhook .* does not support dry run$/

/** How an object is that the cluster refused to read or write. */
export function refusedOutcome(
  error: ClusterRefusedError,
  { apiVersion, kind }: { apiVersion: string; kind: string },
): Outcome {
  const { status, about, detail } = error
  if (status === 404 && about !== 'namespaces') return notServed(apiVersion, kind)
  return {
    condition: isLasting(error) ? 'rejected' : 'failed',
    reason: reasonOf(error),
    message: `${detail}${kind === 'Secret' ? namesOf(error) : saidBy(error)}`,
  }
}

function isLasting({ status, isConflict, serverMessage }: ClusterRefusedError): boolean {
  return !isConflict && (LASTING.has(status) || (status === 500 && UNTYPED.test(serverMessage)))
}

/** Whether a dry run was refused for what the object is, so that applying it would be refused as well. */
export function isVerdict(error: ClusterRefusedError): boolean {
  return isLasting(error) && !(error.status === 400 && NO_DRY_RUN.test(error.serverMessage))
}

/** Whether a refusal names something that another names too, in whichever place of a list. */
export function sharesCause(one: ClusterRefusedError, other: ClusterRefusedError): boolean {
  const named = new Set(causesOf(one))
  return causesOf(other).some((cause) => named.has(cause))
}

const causesOf = ({ fields, serverMessage }: ClusterRefusedError) =>
  fields.length === 0 ? [serverMessage] : fields.map((field) => field.replaceAll(/\[\d+\]/g, '[]'))

function reasonOf({ status, reason, causes, serverMessage }: ClusterRefusedError): string {
  if (status === 404) return 'NamespaceNotFound'
  if (causes.includes('NamespaceTerminating')) return 'NamespaceTerminating'
  if (status !== 500 || !UNTYPED.test(serverMessage)) return reason
  return serverMessage.endsWith('field not declared in schema') ? 'UnknownField' : 'Invalid'
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
