/** Below it lies everything that the outpost answers itself. */
export const OUTPOST_PATH = '/outpost.goauthentik.io'

/** Whether a path, however it is written, leads to the outpost's own endpoints. */
export function isOutpostPath(target: string): boolean {
  const path = target.replace(/[?#].*$/s, '')
  let decoded = path
  try {
    decoded = decodeURIComponent(path)
  } catch {}
  const plain = new URL(`http://x/${decoded.replace(/[\\/]+/g, '/')}`).pathname.replace(/^\/+/, '/').toLowerCase()
  return plain === OUTPOST_PATH || plain.startsWith(`${OUTPOST_PATH}/`)
}
