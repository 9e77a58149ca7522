import { type Attribute, MAX_VALUE_OCTETS } from './packet.ts'
import { RadiusEncodeError } from './radius-encode-error.ts'

export interface VendorSpecific {
  /** SMI number of the vendor. */
  readonly vendor: number
  readonly attributes: readonly Attribute[]
}

const VENDOR_OCTETS = 4

/**
 * The value of a Vendor-Specific attribute in the format that RFC 2865 §5.26 suggests; undefined when it has another
 * one, which is the vendor's right and no reason to refuse the packet.
 */
export function decodeVendorSpecific(value: Uint8Array): VendorSpecific | undefined {
  if (value.length < VENDOR_OCTETS) return undefined
  const attributes: Attribute[] = []
  for (let at = VENDOR_OCTETS; at < value.length; ) {
    const size = value[at + 1] ?? 0
    if (size < 2 || at + size > value.length) return undefined
    attributes.push({ type: value[at]!, value: value.subarray(at + 2, at + size) })
    at += size
  }
  return { vendor: new DataView(value.buffer, value.byteOffset).getUint32(0), attributes }
}

/** The value of a Vendor-Specific attribute; a RadiusEncodeError when it is longer than one attribute holds. */
export function encodeVendorSpecific({ vendor, attributes }: VendorSpecific): Uint8Array {
  const length = attributes.reduce((sum, { value }) => sum + 2 + value.length, VENDOR_OCTETS)
  if (length > MAX_VALUE_OCTETS) throw new RadiusEncodeError('attribute', length, MAX_VALUE_OCTETS)
  const octets = new Uint8Array(length)
  new DataView(octets.buffer).setUint32(0, vendor)
  let at = VENDOR_OCTETS
  for (const { type, value } of attributes) {
    octets.set([type, value.length + 2], at)
    octets.set(value, at + 2)
    at += value.length + 2
  }
  return octets
}
