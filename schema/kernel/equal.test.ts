import assert from 'node:assert/strict'
import test from 'node:test'
import { equalText } from './equal.ts'

const vectors: ReadonlyArray<[given: string, expected: string, equal: boolean]> = [
  ['', '', true],
  ['secret', 'secret', true],
  ['secret', 'secreT', false],
  ['secret', 'secre', false],
  ['secre', 'secret', false],
  ['', 'secret', false],
  ['secret', '', false],
  ['secretsecret', 'secret', false],
  ['pässwörd', 'pässwörd', true],
]
for (const [given, expected, equal] of vectors)
  test(`"${given}" ${equal ? 'equals' : 'differs from'} "${expected}"`, () =>
    assert.equal(equalText(given, expected), equal))
