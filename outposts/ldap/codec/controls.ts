/** Controls (RFC 4511 §4.1.11). */
import { type BerReader, BerTag, contextConstructedTag, encodeBoolean, encodeText, encodeValue } from './ber.ts'
import { MalformedMessageError } from './malformed-message-error.ts'

export interface Control {
  readonly oid: string
  readonly critical: boolean
  readonly value: Buffer | undefined
}

export const CONTROLS_TAG = contextConstructedTag(0)
const MAX_CONTROLS = 32
const OID = /^[0-9]{1,10}(?:\.[0-9]{1,40}){1,40}$/

/** numericoid of RFC 4512, of bounded length. */
export function readOid(reader: BerReader, tag: number = BerTag.OctetString): string {
  const octets = reader.octets(tag)
  const text = octets.length > 256 ? '' : octets.toString('latin1')
  if (!OID.test(text)) throw new MalformedMessageError('not an object identifier')
  return text
}

export function readControls(list: BerReader): readonly Control[] {
  const controls: Control[] = []
  while (!list.atEnd) {
    if (controls.length === MAX_CONTROLS) throw new MalformedMessageError(`more than ${MAX_CONTROLS} controls`)
    const control = list.enter(BerTag.Sequence)
    const oid = readOid(control)
    const critical = control.nextTag === BerTag.Boolean && control.boolean()
    controls.push({ oid, critical, value: control.atEnd ? undefined : control.octets() })
  }
  return controls
}

export function encodeControls(controls: readonly Control[]): Buffer {
  if (controls.length === 0) return Buffer.alloc(0)
  const encoded = controls.map(({ oid, critical, value }) =>
    encodeValue(
      BerTag.Sequence,
      encodeText(oid),
      critical ? encodeBoolean(true) : Buffer.alloc(0),
      value === undefined ? Buffer.alloc(0) : encodeValue(BerTag.OctetString, value),
    ),
  )
  return encodeValue(CONTROLS_TAG, ...encoded)
}
