const ORIGIN = 'http://self.invalid'
const UNSAFE = /[\u0000-\u0020\u007f\\]/

/**
 * A place on this origin to send a browser to: path, query and fragment of `next`, or undefined if it is anything
 * else. What it returns is what a browser will make of it, so no second reading can differ.
 */
export function localPath(next: string | null | undefined): string | undefined {
  if (typeof next !== 'string' || next.length > 4096) return undefined
  if (!next.startsWith('/') || next.startsWith('//') || UNSAFE.test(next)) return undefined
  const url = URL.parse(next, ORIGIN)
  if (url === null || url.origin !== ORIGIN || url.username !== '' || url.password !== '') return undefined
  const path = url.pathname + url.search + url.hash
  if (path.startsWith('//') || /%(?:2f|5c|0[0-9a-f]|1[0-9a-f]|7f)/i.test(url.pathname)) return undefined
  return path
}
