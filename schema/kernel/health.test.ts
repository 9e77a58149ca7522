import assert from 'node:assert/strict'
import test from 'node:test'
import { isAlive, isOutdated } from './health.ts'

for (const [age, alive] of [
  [0, true],
  [14_999, true],
  [15_000, false],
  [-5, true],
] as const)
  test(`seen ${age} ms ago is ${alive ? 'alive' : 'silent'}`, () =>
    assert.equal(isAlive(1_000_000 - age, 1_000_000), alive))

const versions: ReadonlyArray<[running: string, expected: string, outdated: boolean]> = [
  ['2023.8.3', '2023.8.4', true],
  ['2023.10.1', '2023.8.4', false],
  ['2023.8.3', '2023.8.3', false],
  ['2023.8.3-rc1', '2023.8.3', false],
  ['', '2023.8.3', false],
  ['dev', '2023.8.3', false],
]
for (const [running, expected, outdated] of versions)
  test(`${running || 'an unknown version'} is ${outdated ? '' : 'not '}older than ${expected}`, () =>
    assert.equal(isOutdated(running, expected), outdated))
