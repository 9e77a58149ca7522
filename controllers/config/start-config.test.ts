import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import test from 'node:test'
import { readStartConfig } from './start-config.ts'

const rows: ReadonlyArray<[value: string | undefined, folder: string]> = [
  [undefined, '.martello'],
  ['', '.martello'],
  ['elsewhere', 'elsewhere'],
]
for (const [value, folder] of rows)
  test(`data is kept in ${folder} when the setting is ${value === '' ? 'empty' : (value ?? 'not there')}`, () => {
    const { dataDir } = readStartConfig({ env: { MARTELLO_DATA_DIR: value }, readFile: () => undefined })
    assert.equal(dataDir, resolve(folder))
  })
