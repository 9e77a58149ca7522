import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Pki {
  /** Paths of PEM files. */
  readonly ca: string
  readonly server: { readonly cert: string; readonly key: string }
  readonly client: { readonly cert: string; readonly key: string }
  /** Of the same authority for the same uses, but of yesterday. */
  readonly expired: { readonly server: Pki['server']; readonly client: Pki['client'] }
  read(path: string): string
}

/** A certificate authority in this folder, a certificate of 127.0.0.1, and one of a client. */
export function makePki(folder: string): Pki {
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  openssl('req', '-x509', ...key, '-subj', '/CN=test authority', '-keyout', at('ca.key'), '-out', at('ca.pem'))
  const issue = (name: string, extensions: string, days = 2) => {
    writeFileSync(at(`${name}.ext`), extensions)
    openssl('req', '-new', ...key, '-subj', `/CN=${name}`, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`))
    const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', String(days)]
    openssl(
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      ...signed,
      '-extfile',
      at(`${name}.ext`),
      '-out',
      at(`${name}.pem`),
    )
    return { cert: at(`${name}.pem`), key: at(`${name}.key`) }
  }
  const server = 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n'
  const client = 'extendedKeyUsage=clientAuth\n'
  return {
    ca: at('ca.pem'),
    server: issue('server', server),
    client: issue('client', client),
    expired: { server: issue('expired-server', server, -1), client: issue('expired-client', client, -1) },
    read: (path) => readFileSync(path, 'utf8'),
  }
}
