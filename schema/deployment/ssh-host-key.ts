/** A public key as OpenSSH writes it (RFC 4253 §6.6 inside). */
export interface SshPublicKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, … */
  readonly type: string
  readonly blob: Uint8Array
}

const TYPES = new Set(['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'ssh-rsa'])
/** `ssh-keyscan` puts the host before it, which says nothing here; markers such as `@revoked` mean something else. */
const LINE = /^(?:[^\s@#]\S* )?([a-z0-9-]+) ([A-Za-z0-9+/]+={0,2})(?: [^\r\n]*)?$/
const LENGTH_OCTETS = 4

/** Reads one line such as `[host ]ssh-ed25519 AAAA…[ comment]`; undefined unless the key itself says the same type. */
export function readSshPublicKey(line: string): SshPublicKey | undefined {
  const [, type, encoded] = LINE.exec(line.trim()) ?? []
  if (type === undefined || encoded === undefined || !TYPES.has(type)) return undefined
  const blob = new Uint8Array(Buffer.from(encoded, 'base64'))
  if (blob.length <= LENGTH_OCTETS + type.length) return undefined
  const length = new DataView(blob.buffer).getUint32(0)
  const inside = new TextDecoder().decode(blob.subarray(LENGTH_OCTETS, LENGTH_OCTETS + type.length))
  return length === type.length && inside === type ? { type, blob } : undefined
}
