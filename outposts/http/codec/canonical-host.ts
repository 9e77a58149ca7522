const NAME = /^(?:[a-z0-9](?:[a-z0-9_.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])$/

/**
 * A host as it is looked up: lower case, no trailing dot, no default port (80, 443); undefined for anything that is
 * not exactly one host, such as a list or a name with a path.
 */
export function canonicalHost(text: string): string | undefined {
  const match = /^(.+?)(?::(\d{1,5}))?$/.exec(text.trim().toLowerCase())
  const name = match?.[1]?.replace(/\.$/, '') ?? ''
  if (!NAME.test(name)) return undefined
  const port = match?.[2] === undefined ? undefined : Number(match[2])
  if (port !== undefined && (port === 0 || port > 65_535)) return undefined
  return port === undefined || port === 80 || port === 443 ? name : `${name}:${port}`
}
