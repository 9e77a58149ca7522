import type { SecureContext } from 'node:tls'

/** TLS material by key-pair id; a self-signed pair stands in until one is known. */
export interface CertificateStore {
  /** Fetches or refreshes these pairs; an unreadable one is logged and left as it was. */
  refresh(ids: readonly string[]): Promise<void>
  /** The pair, or undefined when it is not known. */
  get(id: string | null | undefined): SecureContext | undefined
  /** Self-signed, made once for each process. */
  fallback(): SecureContext
  /** The same, as the PEM that listeners are made with. */
  fallbackPair(): { readonly cert: string; readonly key: string }
}
