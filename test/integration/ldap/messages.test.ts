import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { encodeInteger, encodeText, encodeValue } from '#outposts/ldap/codec/ber.ts'
import { encodeFilter, type Filter } from '#outposts/ldap/codec/filter.ts'
import {
  bindRequest,
  control,
  equality,
  extendedRequest,
  message,
  NOTICE,
  present,
  type SearchOptions,
  searchRequest,
  whoAmI,
} from '#test/support/ldap-client.ts'
import { LdapOutpost } from '#test/support/ldap-outpost.ts'
import { userDn } from '#test/support/ldap-tools.ts'

const SUCCESS = 0
const PROTOCOL_ERROR = 2

let outpost: LdapOutpost
before(async () => {
  outpost = await LdapOutpost.start()
})
after(() => outpost[Symbol.asyncDispose]())

const octets = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const nothing = Buffer.alloc(0)
/** The parts of a search request before its filter. */
const searchHead = [
  encodeText(''),
  encodeInteger(0, 0x0a),
  encodeInteger(0, 0x0a),
  encodeInteger(0),
  encodeInteger(0),
  octets('01 01 00'),
]
const search = (...parts: readonly Buffer[]) => message(5, encodeValue(0x63, ...parts))
const bind = (...parts: readonly Buffer[]) => message(5, encodeValue(0x60, ...parts))
const [version, name, password] = [encodeInteger(3), encodeText(userDn('demo')), encodeText('right', 0x80)]
const filter = encodeFilter(present('cn'))
const none = encodeValue(0x30)

suite('what cannot be an LDAP message ends the connection with a notice', () => {
  const bomb = octets('04 84 7f ff ff ff')
  const cases: ReadonlyArray<[what: string, sent: Buffer]> = [
    ['LD-01: a length of 2 GiB', octets('30 84 7f ff ff ff 02 01 01')],
    ['LD-01: a length of five octets', octets('30 85 00 00 00 00 05 02 01 01')],
    ['LD-01: an indefinite length', octets('30 80 02 01 01 00 00')],
    ['LD-01: a search base of 2 GiB', search(bomb)],
    ['LD-01: a search filter of 2 GiB', search(...searchHead, octets('a3 84 7f ff ff ff 04 00'), none)],
    ['LD-01: a value of 2 GiB in a filter', search(...searchHead, encodeValue(0xa3, encodeText('cn'), bomb), none)],
    ['LD-01: an attribute of 2 GiB', search(...searchHead, filter, encodeValue(0x30, bomb))],
    ['LD-01: 2 GiB after everything else', search(...searchHead, filter, none, bomb)],
    ['LD-01: a bind name of 2 GiB', bind(version, bomb)],
    ['LD-01: a password of 2 GiB', bind(version, name, octets('80 84 7f ff ff ff 78'))],
    ['LD-01: 2 GiB after what is wrong already', bind(version, octets('04 01 ff'), bomb)],
    ['LD-01: 2 GiB in an operation that is refused', message(5, encodeValue(0x68, name, bomb))],
    ['LD-01: 2 GiB in an extended operation', message(5, encodeValue(0x77, encodeText('1.2.3', 0x80), bomb))],
    ['LD-01: 2 GiB in a control', message(5, encodeValue(0x77, encodeText('1.2.3', 0x80)), encodeValue(0xa0, bomb))],
    ['LD-01: an operation longer than its message', octets('30 07 02 01 05 63 7f 04 00')],
    ['LD-01: a message id of 2 GiB', octets('30 06 02 84 7f ff ff ff')],
    ['LD-01: an indefinite length within', bind(version, octets('24 80 04 00 00 00'), password)],
    ['LD-01: a length of five octets within', bind(version, octets('04 85 00 00 00 00 01 78'), password)],
    ['LD-01: a tag without a length', bind(version, name, octets('80'))],
    ['LD-01: a tag of more than one octet', bind(version, name, octets('9f 81 00 00'))],
    ['LD-01: a message that is empty', octets('30 00')],
    ['no sequence', octets('31 05 02 01 01 42 00')],
    ['LD-06: message id 0', message(0, encodeValue(0x63))],
    ['LD-06: a negative message id', octets('30 05 02 01 ff 42 00')],
    ['LD-06: a message id beyond 31 bits', octets('30 0c 02 05 00 80 00 00 00 60 03 02 01 03')],
    ['LD-07: an operation that does not exist', message(5, encodeValue(0x79, nothing))],
    ['LD-07: an answer in place of a question', message(5, encodeValue(0x65, encodeInteger(0, 0x0a)))],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['TLS where none is spoken', octets('16 03 01 00 05 01 00 00 01 00')],
  ]
  for (const [what, sent] of cases)
    test(what, async () => {
      using client = await outpost.open()
      client.send(sent)
      assert.deepEqual(await client.rest(), [NOTICE])
    })
})

suite('what is a message and makes no sense is answered, and the connection lives', () => {
  const substrings = (...parts: readonly string[]) =>
    encodeValue(0xa4, encodeText('cn'), encodeValue(0x30, ...parts.map(octets)))
  const controls = (...each: readonly Buffer[]) =>
    message(5, encodeValue(0x77, encodeText('1.3.6.1.4.1.4203.1.11.3', 0x80)), encodeValue(0xa0, ...each))
  const cases: ReadonlyArray<[what: string, sent: Buffer, tag: number, code: number]> = [
    ['LD-07: add', message(5, encodeValue(0x68, name, none)), 0x69, 53],
    ['LD-07: modify', message(5, encodeValue(0x66, name, none)), 0x67, 53],
    ['LD-07: delete', message(5, encodeText(userDn('x'), 0x4a)), 0x6b, 53],
    ['LD-07: rename', message(5, encodeValue(0x6c, name)), 0x6d, 53],
    ['LD-07: an unknown extended operation', extendedRequest(5, '1.2.3'), 0x78, 2],
    ['LD-08: version 2', bind(encodeInteger(2), encodeText(''), encodeText('', 0x80)), 0x61, 2],
    ['LD-08: SASL', bind(version, encodeText(''), encodeValue(0xa3, encodeText('PLAIN'))), 0x61, 7],
    ['a bind that ends early', bind(version), 0x61, 2],
    ['a search that ends early', search(...searchHead), 0x65, 2],
    ['a search without a scope', search(encodeText(''), encodeText('')), 0x65, 2],
    ['a base that is not UTF-8', search(octets('04 02 c3 28'), ...searchHead.slice(1), filter, none), 0x65, 2],
    ['a negative size limit', search(...searchHead.slice(0, 3), encodeInteger(-1)), 0x65, 2],
    ['a boolean of two octets', search(...searchHead.slice(0, 5), octets('01 02 00 00')), 0x65, 2],
    ['a filter of no kind', search(...searchHead, octets('aa 00'), none), 0x65, 2],
    ['a filter without an attribute', search(...searchHead, octets('87 00'), none), 0x65, 2],
    ['substrings without a part', search(...searchHead, substrings(), none), 0x65, 2],
    ['substrings out of order', search(...searchHead, substrings('82 01 78', '81 01 78'), none), 0x65, 2],
    ['two initial substrings', search(...searchHead, substrings('80 01 78', '80 01 78'), none), 0x65, 2],
    ['an extensible match of nothing', search(...searchHead, octets('a9 02 83 00'), none), 0x65, 2],
    ['LD-25: a control whose name is a number', controls(encodeValue(0x30, encodeInteger(1))), 0x78, 2],
    ['LD-25: a control whose name is none', controls(control('paged')), 0x78, 2],
    ['LD-25: a control with a number for criticality', controls(control('1.2.3', encodeInteger(1))), 0x78, 2],
    ['LD-25: a control with a sequence for value', controls(control('1.2.3', none)), 0x78, 2],
    ['LD-25: a control that is a text', controls(encodeText('1.2.3')), 0x78, 2],
    ['LD-25: an empty control', controls(none), 0x78, 2],
    ['LD-25: too many controls', controls(...Array.from({ length: 33 }, () => control('1.2.3'))), 0x78, 2],
    [
      'LD-25: as many controls as there may be',
      controls(...Array.from({ length: 32 }, () => control('1.2.3'))),
      0x78,
      0,
    ],
  ]
  for (const [what, sent, tag, code] of cases)
    test(`${what} is ${code}`, async () => {
      using client = await outpost.open()
      client.send(sent)
      assert.deepEqual(await client.next(), { id: 5, tag, code })
      assert.equal(await client.bind(userDn('demo'), 'right', 6), SUCCESS)
    })

  test('LD-01: lengths need not be as short as they could be', async () => {
    const long = (tag: number, content: Buffer) => {
      const header = Buffer.from([tag, 0x84, 0, 0, 0, 0])
      header.writeUInt32BE(content.length, 2)
      return Buffer.concat([header, content])
    }
    const text = (tag: number, content: string) => long(tag, Buffer.from(content))
    const request = [long(2, octets('03')), text(4, userDn('demo')), text(0x80, 'right')]
    using client = await outpost.open()
    client.send(long(0x30, Buffer.concat([long(2, octets('05')), long(0x60, Buffer.concat(request))])))
    assert.deepEqual(await client.next(), { id: 5, tag: 0x61, code: SUCCESS })
  })
})

suite('limits', () => {
  /** A bind with a message of exactly so many octets. */
  const bindOf = (length: number) => {
    const overhead = bindRequest(1, userDn('demo'), 'x'.repeat(length - 200)).length - (length - 200)
    return bindRequest(1, userDn('demo'), 'x'.repeat(length - overhead))
  }
  /** "Who am I" with a value that fills the message up to so many octets. */
  const whoAmIOf = (length: number) => {
    const fill = (more: number) =>
      message(1, encodeValue(0x77, encodeText('1.3.6.1.4.1.4203.1.11.3', 0x80), encodeValue(0x81, Buffer.alloc(more))))
    return fill(length - (fill(length - 200).length - (length - 200)))
  }
  const KIB = 1024
  const MIB = 1024 * KIB

  test('LD-01: 64 KiB while nobody is bound', async () => {
    using client = await outpost.open()
    client.send(bindOf(64 * KIB))
    assert.equal((await client.next())?.code, 49)
    client.send(bindOf(64 * KIB + 1))
    assert.deepEqual(await client.rest(), [NOTICE])
  })

  test('LD-01: 4 MiB for who is bound', async () => {
    using client = await outpost.bound('demo')
    client.send(whoAmIOf(4 * MIB))
    assert.equal((await client.next())?.code, SUCCESS)
    client.send(whoAmIOf(4 * MIB + 1).subarray(0, 8))
    assert.deepEqual(await client.rest(), [NOTICE])
  })

  test('LD-01: a bind that fails takes the larger limit away', async () => {
    using client = await outpost.bound('demo')
    await client.bind(userDn('demo'), 'wrong')
    client.send(whoAmIOf(64 * KIB + 1).subarray(0, 8))
    assert.deepEqual(await client.rest(), [NOTICE])
  })

  /** Filters inside one another; put together from the inside, because recursion would not get that far. */
  function nested(tag: number, depth: number): Buffer {
    const headers: Buffer[] = []
    let length = filter.length
    for (let i = 0; i < depth; i++) {
      const header = encodeInteger(length).length < 4 && length < 0x80 ? octets('00 00') : octets('00 84 00 00 00 00')
      header[0] = tag
      if (header.length === 2) header[1] = length
      else header.writeUInt32BE(length, 2)
      headers.push(header)
      length += header.length
    }
    return Buffer.concat([...headers.reverse(), filter])
  }
  const searchFor = (nestedFilter: Buffer) => search(...searchHead, nestedFilter, none)
  const many = <T>(length: number, value: T) => Array.from({ length }, () => value)
  const or = (length: number): Filter => ({ kind: 'or', filters: many(length, present('cn')) })
  const parts = (length: number): Filter => ({
    kind: 'substrings',
    attribute: 'cn',
    initial: undefined,
    any: many(length, Buffer.from('x')),
    final: undefined,
  })
  const request = (each: Filter, options: SearchOptions = {}) => searchRequest(each, { id: 5, base: '', ...options })
  const DEEPEST = 126
  const cases: ReadonlyArray<[what: string, sent: () => Buffer, code: number]> = [
    ...([0xa0, 0xa1, 0xa2] as const).flatMap((tag): [string, () => Buffer, number][] => [
      [`LD-02: ${DEEPEST} filters of tag ${tag} in one another`, () => searchFor(nested(tag, DEEPEST)), 0],
      [`LD-02: one more of tag ${tag}`, () => searchFor(nested(tag, DEEPEST + 1)), 2],
      [`LD-02: 100 000 of tag ${tag}`, () => searchFor(nested(tag, 100_000)), 2],
    ]),
    ['LD-02: 2 500 sequences in one another as a filter', () => searchFor(nested(0x30, 2_500)), 2],
    [
      'LD-02: 100 000 sequences after the last field',
      () => search(...searchHead, filter, none, nested(0x30, 100_000)),
      2,
    ],
    ['LD-04: 1 024 elements of a filter', () => request(or(1_023)), 0],
    ['LD-04: 1 025 elements of a filter', () => request(or(1_024)), 2],
    ['LD-04: 100 000 elements of a filter', () => request(or(100_000)), 2],
    ['LD-04: 1 023 parts of a substring', () => request(parts(1_023)), 0],
    ['LD-04: 1 024 parts of a substring', () => request(parts(1_024)), 2],
    ['LD-04: 1 000 attributes', () => request(present('cn'), { attributes: many(1_000, 'cn') }), 0],
    ['LD-04: 1 001 attributes', () => request(present('cn'), { attributes: many(1_001, 'cn') }), 2],
    ['LD-04: 10 000 attributes', () => request(present('cn'), { attributes: many(10_000, 'cn') }), 2],
    ['LD-04: an attribute of 256 characters', () => request(present('cn'), { attributes: ['x'.repeat(256)] }), 0],
    ['LD-04: an attribute of 254 kB', () => request(present('cn'), { attributes: ['x'.repeat(254_000)] }), 2],
    ['LD-04: a filter on an attribute of 254 kB', () => request(present('x'.repeat(254_000))), 2],
    [
      'LD-04: a control of 254 kB',
      () => request(present('cn'), { controls: [control('1.2'.padEnd(254_000, '3'))] }),
      2,
    ],
    ['LD-04: a base of 254 kB', () => request(present('cn'), { base: `cn=${'x'.repeat(254_000)}` }), 34],
    ['LD-04: a value of 254 kB', () => request(equality('cn', 'x'.repeat(254_000))), 0],
  ]
  for (const [what, sent, code] of cases)
    test(`${what} is ${code}`, async () => {
      using client = await outpost.bound('admin')
      client.send(sent())
      const answers = []
      do answers.push(await client.next())
      while (answers.at(-1)?.tag === 0x64)
      assert.deepEqual(answers.at(-1), { id: 5, tag: 0x65, code })
      client.send(whoAmI(6))
      assert.equal((await client.next())?.code, SUCCESS)
    })

  test('LD-04: an extended operation of 254 kB is protocolError', async () => {
    using client = await outpost.bound('admin')
    client.send(extendedRequest(5, '1.2'.padEnd(254_000, '3')))
    assert.deepEqual(await client.next(), { id: 5, tag: 0x78, code: PROTOCOL_ERROR })
  })
})
