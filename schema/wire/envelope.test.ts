import assert from 'node:assert/strict'
import test from 'node:test'
import { type Envelope, messageText, parseMessage } from './envelope.ts'

const rows: ReadonlyArray<[text: string, message: Envelope | undefined]> = [
  ['{"instruction":2,"args":{"a":1}}', { instruction: 2, args: { a: 1 } }],
  ['{"instruction":0}', { instruction: 0, args: {} }],
  ['{"instruction":7777,"args":{},"more":true}', { instruction: 7777, args: {} }],
  ['{"instruction":"2","args":{}}', undefined],
  ['{"instruction":2.5,"args":{}}', undefined],
  ['{"instruction":2,"args":[]}', undefined],
  ['{"instruction":2,"args":null}', undefined],
  ['[2,{}]', undefined],
  ['null', undefined],
  ['{', undefined],
  ['', undefined],
]
for (const [text, message] of rows)
  test(`${text === '' ? 'nothing' : text} is ${message === undefined ? 'no message' : 'a message'}`, () =>
    assert.deepEqual(parseMessage(text), message))

test('what one side writes the other reads', () =>
  assert.deepEqual(parseMessage(messageText(101, { revision: 3 })), { instruction: 101, args: { revision: 3 } }))
