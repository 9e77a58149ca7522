import { isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'

const SECRET_NAME =
  /password|passwd|secret|token|credential|private|(?:^|_)key(?:$|_data)|cookie|authorization|kubeconfig/i
/** Names that look like a secret's and are not. */
const HARMLESS_NAME =
  /^(?:password_change_date|token_uuid|token_validity|access_token_validity|refresh_token_validity|identifier)$/
const MASK = '***'
const MAX_DEPTH = 16

/** A copy in which every value under a name that looks like a secret's is masked. */
export function maskSecrets(value: JsonObject, depth = 0): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      SECRET_NAME.test(name) && !HARMLESS_NAME.test(name) ? MASK : masked(each, depth + 1),
    ]),
  )
}

function masked(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) return MASK
  if (Array.isArray(value)) return value.map((each) => masked(each, depth + 1))
  return isJsonObject(value) ? maskSecrets(value, depth) : value
}
