import assert from 'node:assert/strict'
import test from 'node:test'
import { MessageFramer } from './framing.ts'
import { MalformedMessageError } from './malformed-message-error.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const MESSAGES = ['30 03 02 01 01', '30 81 03 02 01 02', '30 84 00 00 00 03 02 01 03'].map(hex)
const LIMIT = 100

function framed(chunks: readonly Buffer[]): string[] {
  const framer = new MessageFramer()
  const found: string[] = []
  for (const chunk of chunks) {
    framer.push(chunk)
    for (let message = framer.next(LIMIT); message !== undefined; message = framer.next(LIMIT))
      found.push(message.toString('hex'))
  }
  assert.equal(framer.buffered, 0)
  return found
}

const whole = Buffer.concat(MESSAGES)
const expected = MESSAGES.map((message) => message.toString('hex'))
for (let size = 1; size <= whole.length; size++)
  test(`messages that come in pieces of ${size} octets`, () => {
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
      whole.subarray(i * size, (i + 1) * size),
    )
    assert.deepEqual(framed(pieces), expected)
  })

const limits: ReadonlyArray<[announced: string, isTooLong: boolean]> = [
  ['30 62', false],
  ['30 63', true],
  ['30 84 00 00 00 5e', false],
  ['30 84 00 00 00 5f', true],
  ['30 84 ff ff ff ff', true],
]
for (const [announced, isTooLong] of limits)
  test(`LD-01: of a message that begins ${announced} the rest is ${isTooLong ? 'not ' : ''}waited for`, () => {
    const framer = new MessageFramer()
    framer.push(hex(announced))
    if (isTooLong) assert.throws(() => framer.next(LIMIT), MalformedMessageError)
    else assert.equal(framer.next(LIMIT), undefined)
  })
