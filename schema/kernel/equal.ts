/**
 * Whether two octet strings are equal, in time that depends only on the length of `given`.
 * A different length is unequal, and is found out only after the whole comparison.
 */
export function equalOctets(given: Uint8Array, expected: Uint8Array): boolean {
  let difference = given.length ^ expected.length
  for (let i = 0; i < given.length; i++) difference |= given[i]! ^ (expected[i % (expected.length || 1)] ?? 0)
  return difference === 0
}

/** Constant-time comparison of two texts by their UTF-8 octets. */
export function equalText(given: string, expected: string): boolean {
  const encoder = new TextEncoder()
  return equalOctets(encoder.encode(given), encoder.encode(expected))
}
