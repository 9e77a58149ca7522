import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { lockFolder } from '#core/store/folder-lock.ts'
import { requireRoom } from '#core/store/free-space.ts'
import { ConfigError, MartelloError } from '#schema/kernel/errors.ts'
import { folderProblem } from './folder-problem.ts'
import type { SecretKeyStore } from './read-core-config.ts'

/** Shorter ones can be guessed, and everything that is sealed with them be opened. */
export const MIN_SECRET_KEY_CHARACTERS = 50

/** Keeps the secret key of an embedded installation in a file that only its owner can read; one that was cut is a ConfigError. */
export const secretKeyFile: SecretKeyStore = {
  load(file) {
    const key = attempt(file, () => {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      if (isToBeMade(file)) make(file)
      return readFileSync(file, 'utf8').trim()
    })
    if (key.length < MIN_SECRET_KEY_CHARACTERS)
      throw new ConfigError([`${file} holds no secret key of ${MIN_SECRET_KEY_CHARACTERS} characters or more`])
    return key
  },
}

/** An empty file is what a full disk leaves of a first start; beside a database it is a key that was lost. */
function isToBeMade(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false })
  return found === undefined || (found.size === 0 && !existsSync(join(dirname(file), 'postgresql')))
}

/** All of it or nothing, and of two processes that start at the same time one. */
function make(file: string): void {
  requireRoom(dirname(file))
  using _ = lockFolder(dirname(file))
  if (!isToBeMade(file)) return
  const unfinished = `${file}.part`
  try {
    rmSync(unfinished, { force: true })
    writeFileSync(unfinished, randomBytes(48).toString('base64url'), { mode: 0o600, flag: 'wx', flush: true })
    renameSync(unfinished, file)
    sync(dirname(file))
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}

/** Else the name may be lost with the power, and a database be kept that nothing opens the secrets of. */
function sync(folder: string): void {
  const opened = openSync(folder, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}

function attempt<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof MartelloError) throw cause
    throw new ConfigError([folderProblem(file, cause)])
  }
}
