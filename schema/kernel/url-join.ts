/** `base` with `path` appended; the base's own path survives, exactly one slash stands between them. */
export function joinUrl(base: URL | string, path: string): URL {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path.replace(/^\/+/, '').replace(/\?.*$/s, '')}`
  const query = path.indexOf('?')
  url.search = query < 0 ? '' : path.slice(query)
  url.hash = ''
  return url
}
