import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '#schema/kernel/errors.ts'
import type { SecretKeyStore } from './read-core-config.ts'

/** Shorter ones can be guessed, and everything that is sealed with them be opened. */
export const MIN_SECRET_KEY_CHARACTERS = 50

/** Keeps the secret key of an embedded installation in a file that only its owner can read; one that was cut is a ConfigError. */
export const secretKeyFile: SecretKeyStore = {
  load(file) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    try {
      writeFileSync(file, randomBytes(48).toString('base64url'), { mode: 0o600, flag: 'wx', flush: true })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const key = readFileSync(file, 'utf8').trim()
    if (key.length < MIN_SECRET_KEY_CHARACTERS)
      throw new ConfigError([`${file} holds no secret key of ${MIN_SECRET_KEY_CHARACTERS} characters or more`])
    return key
  },
}
