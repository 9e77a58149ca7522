const ORIGIN = 'http://self.invalid'
const MAX_CHARACTERS = 4096
const UNSAFE = /[\u0000-\u0020\u007f\\]/
/** Segments of unreserved characters and percent-encodings (RFC 3986 §2), one slash between them. */
const PATH = /^\/(?:[\w.~%-]+(?:\/[\w.~%-]+)*\/?)?$/

/**
 * A place on this origin to send a browser to: path, query and fragment of `next`, or undefined if it is anything
 * else. What it returns is what a browser will make of it, so no second reading can differ.
 */
export function localPath(next: string | null | undefined): string | undefined {
  if (typeof next !== 'string' || next.length > MAX_CHARACTERS || UNSAFE.test(next)) return undefined
  const [path = ''] = next.split(/[?#]/)
  if (!isPlain(path)) return undefined
  const url = URL.parse(next, ORIGIN)
  if (url === null || url.origin !== ORIGIN || !isPlain(url.pathname)) return undefined
  return url.pathname + url.search + url.hash
}

/** Whether a path is one for every reader, also for those who decode it once more. */
function isPlain(path: string): boolean {
  if (!PATH.test(path)) return false
  try {
    return path
      .split('/')
      .map(decodeURIComponent)
      .every((segment) => !UNSAFE.test(segment) && !/[/%]/.test(segment))
  } catch {
    return false
  }
}
