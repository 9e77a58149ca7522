import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { secretKeyFile } from '#core/config/secret-key-file.ts'
import { ConfigError } from '#schema/kernel/errors.ts'

const inFolder = (use: (file: string) => void) => {
  const folder = mkdtempSync(join(tmpdir(), 'martello-key-'))
  try {
    use(join(folder, 'data', 'secret_key'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a key is made once, for its owner only', () =>
  inFolder((file) => {
    const key = secretKeyFile.load(file)
    assert.ok(key.length >= 50)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.equal(secretKeyFile.load(file), key)
    assert.equal(readFileSync(file, 'utf8'), key)
  }))

for (const content of ['\n', 'short', `${' '.repeat(60)}\n`])
  test(`CF-03: ${JSON.stringify(content).slice(0, 20)} in the file is no key, and stays as it is`, () =>
    inFolder((file) => {
      secretKeyFile.load(file)
      writeFileSync(file, content)
      assert.throws(() => secretKeyFile.load(file), ConfigError)
      assert.equal(readFileSync(file, 'utf8'), content)
    }))

test('CF-03: an empty file, as a full disk leaves it, is replaced where nothing can have been sealed', () =>
  inFolder((file) => {
    mkdirSync(dirname(file))
    writeFileSync(file, '')
    const key = secretKeyFile.load(file)
    assert.ok(key.length >= 50)
    assert.equal(readFileSync(file, 'utf8'), key)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(dirname(file)).sort(), ['in-use.lock', 'secret_key'])
  }))

test('CF-03: an empty file beside a database is a key that was lost', () =>
  inFolder((file) => {
    mkdirSync(join(dirname(file), 'postgresql'), { recursive: true })
    writeFileSync(file, '')
    assert.throws(() => secretKeyFile.load(file), ConfigError)
    assert.equal(readFileSync(file, 'utf8'), '')
  }))

const inTheWay: ReadonlyArray<[what: string, make: (file: string) => void, why: RegExp]> = [
  ['a file in place of the folder', (file) => writeFileSync(dirname(file), ''), /a file in place of the folder/],
  ['a folder in place of the file', (file) => mkdirSync(file, { recursive: true }), /a folder in place of the file/],
  ['a file in place of a folder above', (file) => writeFileSync(join(dirname(file), '..', 'file'), ''), /no folder/],
]
for (const [what, make, why] of inTheWay)
  test(`CF-03: ${what} is named with the setting`, () =>
    inFolder((file) => {
      make(file)
      const used = what.endsWith('above') ? join(dirname(file), '..', 'file', 'data', 'secret_key') : file
      assert.throws(
        () => secretKeyFile.load(used),
        (error) =>
          error instanceof ConfigError &&
          why.test(error.detail) &&
          error.detail.includes(used) &&
          error.detail.includes('MARTELLO_DATA_DIR'),
      )
    }))
