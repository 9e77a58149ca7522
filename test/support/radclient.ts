import { run } from './engines/tools.ts'

export interface RadiusQuestion {
  readonly port: number
  readonly secret: string
  readonly attributes: string
  readonly command?: 'auth' | 'status'
  readonly server?: string
  readonly waitSeconds?: number
}

export interface RadiusAnswer {
  readonly kind: 'Access-Accept' | 'Access-Reject' | 'silence'
  readonly text: string
}

/** What FreeRADIUS's client receives for one request; it drops every reply that is not signed as it should be. */
export async function radclient(question: RadiusQuestion): Promise<RadiusAnswer> {
  const { port, secret, attributes, command = 'auth', server = '127.0.0.1', waitSeconds = 5 } = question
  const args = ['-x', '-r', '1', '-t', String(waitSeconds), `${server}:${port}`, command, secret]
  const { text } = await run('radclient', args, { input: attributes })
  const kind = /Received (Access-Accept|Access-Reject)/.exec(text)?.[1] as RadiusAnswer['kind'] | undefined
  return { kind: kind ?? 'silence', text }
}

/** The attributes of a PAP request; radclient signs it when it finds Message-Authenticator. */
export const papAttributes = (user: string, password: string, more = '') =>
  `User-Name="${user}",User-Password="${password}",NAS-IP-Address=127.0.0.1,Message-Authenticator=0x00${more}`
