/** The core's use of `secret_key`. Sealing is bound to a place, so a sealed value cannot be moved to another row. */
export interface KeyRing {
  /** AES-256-GCM under a key derived from `secret_key`; `place` is `table.column:row`. */
  seal(plain: string, place: string): string
  /** The sealed text; a SealError if it was changed or comes from another place. */
  unseal(sealed: string, place: string): string
  /** HKDF-SHA-256 of `secret_key`; `info` names the purpose. */
  derive(info: string, lengthOctets: number): Uint8Array
  /** SHA-256, hex: how tokens and session keys are stored and looked up. */
  hash(key: string): string
}
