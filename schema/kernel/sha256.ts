/*
 * SHA-256 (FIPS 180-4) without Node: checksums in objects that are made by pure code, for texts of some kilobytes. What has
 * a secret key or much to hash belongs to `node:crypto`.
 */
const PRIMES = Array.from({ length: 400 }, (_, n) => n).filter(
  (n) => n > 1 && Array.from({ length: n - 2 }, (_, d) => d + 2).every((d) => n % d !== 0),
)
/** The first 32 bits of the fraction of a root. */
const fraction = (root: number) => Math.floor((root - Math.floor(root)) * 2 ** 32) >>> 0
const ROUND_CONSTANTS = PRIMES.slice(0, 64).map((prime) => fraction(Math.cbrt(prime)))
const INITIAL = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)))
const BLOCK_OCTETS = 64

/** Hash of a text's UTF-8 octets, in 64 hex digits. */
export function sha256(text: string): string {
  const message = padded(new TextEncoder().encode(text))
  const hash = Uint32Array.from(INITIAL)
  const schedule = new Uint32Array(64)
  for (let offset = 0; offset < message.byteLength; offset += BLOCK_OCTETS) {
    for (let t = 0; t < 64; t++) schedule[t] = t < 16 ? message.getUint32(offset + t * 4) : expanded(schedule, t)
    compress(hash, schedule)
  }
  return [...hash].map((word) => word.toString(16).padStart(8, '0')).join('')
}

/** §5.1.1: a one, zeros, and the length in bits, up to whole blocks. */
function padded(octets: Uint8Array): DataView {
  const length = Math.ceil((octets.length + 9) / BLOCK_OCTETS) * BLOCK_OCTETS
  const message = new Uint8Array(length)
  message.set(octets)
  message[octets.length] = 0x80
  const view = new DataView(message.buffer)
  view.setBigUint64(length - 8, BigInt(octets.length) * 8n)
  return view
}

const rotated = (word: number, by: number) => (word >>> by) | (word << (32 - by))

function expanded(schedule: Uint32Array, t: number): number {
  const early = schedule[t - 15]!
  const late = schedule[t - 2]!
  const sigma0 = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3)
  const sigma1 = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10)
  return sigma1 + schedule[t - 7]! + sigma0 + schedule[t - 16]!
}

/** §6.2.2, steps 2 to 4. */
function compress(hash: Uint32Array, schedule: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = hash as unknown as [number, number, number, number, number, number, number, number]
  for (let t = 0; t < 64; t++) {
    const choice = (e & f) ^ (~e & g)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    const sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
    const sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
    const first = (h + sum1 + choice + ROUND_CONSTANTS[t]! + schedule[t]!) | 0
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + sum0 + majority) | 0]
  }
  for (const [index, word] of [a, b, c, d, e, f, g, h].entries()) hash[index]! += word
}
