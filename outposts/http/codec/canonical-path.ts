const MAX_CHARACTERS = 4_096
/** Whatever servers read differently: separators, ends of path, what is decoded a second time, control characters. */
const AMBIGUOUS = /[\\%?#\p{Cc}]|\/\//u
const ENCODED_SEPARATOR = /%(?:2f|5c|00)/i
/** A dot segment, also with the path parameter that some servers cut off first. */
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:;[^/]*)?(?:\/|$)/

/**
 * The path of a request target, decoded once. Undefined if two servers could take it for different paths: rules
 * never match such a path, it is only ever served to whoever is signed in.
 */
export function canonicalPath(target: string): string | undefined {
  const end = target.search(/[?#]/)
  const path = end < 0 ? target : target.slice(0, end)
  if (!path.startsWith('/') || path.length > MAX_CHARACTERS || ENCODED_SEPARATOR.test(path)) return undefined
  let decoded: string
  try {
    decoded = decodeURIComponent(path)
  } catch {
    return undefined
  }
  return AMBIGUOUS.test(decoded) || DOT_SEGMENT.test(decoded) ? undefined : decoded
}

/** A request target in origin form, as it may stand in a forwarded header: one path on one host (RFC 9112 §3.2.1). */
export function isOriginForm(target: string): boolean {
  return target.length <= 16_384 && /^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/.test(target)
}
