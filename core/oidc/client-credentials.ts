import { decodeJwt } from 'jose'

/** The client that a request claims to come from: HTTP Basic (RFC 6749 §2.3.1), else the form. Proves nothing. */
export function claimedClientId(authorization: string | undefined, form: URLSearchParams): string | undefined {
  const basic = /^basic +([A-Za-z0-9+/=_-]+)$/i.exec(authorization ?? '')?.[1]
  if (basic === undefined) return form.get('client_id') ?? undefined
  const [id = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':')
  try {
    return decodeURIComponent(id.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

/** The client that a presented access token says it was issued to; undefined for what is none. Proves nothing. */
export function claimedTokenClient(authorization: string | undefined, form: URLSearchParams): string | undefined {
  const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? form.get('access_token') ?? ''
  try {
    const { azp } = decodeJwt(token)
    return typeof azp === 'string' ? azp : undefined
  } catch {
    return undefined
  }
}
