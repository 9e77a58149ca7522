import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { JsonName } from '@peculiar/x509'

const DAY_MS = 86_400_000

/** What a certificate is to say. */
export interface CertificateRequest {
  readonly commonName: string
  /** DNS names or IP addresses; the extension is left out when there are none. */
  readonly subjectAltNames: readonly string[]
  readonly validityDays: number
  readonly keyType: 'rsa' | 'ec'
}

/** A certificate and its private key (PKCS #8), both PEM. */
export interface PemPair {
  readonly certificate: string
  readonly key: string
}

const ALGORITHMS = {
  rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 4096 },
  ec: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
} as const

/** A self-signed certificate (RSA 4096 or ECDSA P-256, SHA-256), valid from one day before `now`, and its key in PKCS #8. */
export async function generateCertificate(request: CertificateRequest, now: number): Promise<PemPair> {
  // Two hundred modules that few starts of a core need.
  await import('reflect-metadata')
  const { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } = await import(
    '@peculiar/x509'
  )
  const signingAlgorithm = ALGORITHMS[request.keyType]
  const keys = await crypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify'])
  const subject: JsonName = [{ CN: [request.commonName] }, { O: ['Martello'] }, { OU: ['Self-signed'] }]
  const names = request.subjectAltNames.map((value) => ({ type: isAddress(value) ? 'ip' : 'dns', value }) as const)
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: subject,
    keys,
    signingAlgorithm,
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + request.validityDays * DAY_MS),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
    ],
  })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/(.{64})(?=.)/g, '$1\n')}\n-----END PRIVATE KEY-----\n`,
  }
}

const isAddress = (name: string): boolean => /^[\d.]+$/.test(name) || name.includes(':')

/** What is shown of a certificate. */
export interface CertificateFacts {
  /** Octets in hex with colons. */
  readonly fingerprintSha256: string
  readonly fingerprintSha1: string
  /** RFC 4514: most specific part first. */
  readonly subject: string
  readonly notAfter: Date
}

/** What the leaf of a PEM chain says; undefined if it cannot be read. */
export function readCertificate(pem: string): CertificateFacts | undefined {
  try {
    const leaf = new X509Certificate(pem)
    return {
      fingerprintSha256: leaf.fingerprint256.toLowerCase(),
      fingerprintSha1: leaf.fingerprint.toLowerCase(),
      subject: leaf.subject.split('\n').reverse().join(','),
      notAfter: leaf.validToDate,
    }
  } catch {
    return undefined
  }
}

/** An unencrypted private key in PEM; undefined if it cannot be read. */
export function readPrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

/** Whether the private key belongs to the leaf of the chain. */
export function isPair(certificatePem: string, key: KeyObject): boolean {
  try {
    return new X509Certificate(certificatePem).checkPrivateKey(key)
  } catch {
    return false
  }
}

/** compat: the names that the API gives key types (`private_key_type`). */
export function keyTypeName(key: KeyObject): string {
  return key.asymmetricKeyType === 'ec' ? 'ellipticcurve' : (key.asymmetricKeyType ?? '')
}

/** compat: the key id in JWKS and the API is the MD5 of the key's PEM text, in hex; it is a name, not a protection. */
export function keyId(keyPem: string): string {
  return createHash('md5').update(keyPem).digest('hex')
}
