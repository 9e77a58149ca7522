import assert from 'node:assert/strict'
import test from 'node:test'
import { ldapVectors } from '#test/support/ldap-vectors.ts'
import { BerReader } from './ber.ts'
import { encodeFilter, readFilter } from './filter.ts'
import { MalformedMessageError } from './malformed-message-error.ts'
import { decodeMessage } from './message.ts'

function kindOf(octets: Buffer): string {
  try {
    const { request } = decodeMessage(octets)
    return request.kind === 'malformed' ? `malformed: ${request.detail}` : request.kind
  } catch (error) {
    assert.ok(error instanceof MalformedMessageError)
    return `no message: ${error.detail}`
  }
}

for (const { name, octets, kind } of ldapVectors()) {
  test(`${name} is ${kind}`, () => assert.equal(kindOf(octets), kind))

  if (kind !== 'search') continue
  test(`${name}: its filter is the same after it was encoded`, () => {
    const { request } = decodeMessage(octets)
    assert.ok(request.kind === 'search')
    assert.deepEqual(readFilter(new BerReader(encodeFilter(request.filter))), request.filter)
  })

  test(`LD-01: ${name}: cut off anywhere, and still as long as it says, it is no message`, () => {
    for (let end = 2; end < octets.length; end++) assert.match(kindOf(octets.subarray(0, end)), /^no message/)
  })
}
