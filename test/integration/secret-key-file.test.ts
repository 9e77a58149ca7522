import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

for (const content of ['', '\n', 'short', `${' '.repeat(60)}\n`])
  test(`CF-03: ${JSON.stringify(content).slice(0, 20)} in the file is no key, and stays as it is`, () =>
    inFolder((file) => {
      secretKeyFile.load(file)
      writeFileSync(file, content)
      assert.throws(() => secretKeyFile.load(file), ConfigError)
      assert.equal(readFileSync(file, 'utf8'), content)
    }))
