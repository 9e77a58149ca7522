import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { folderProblem } from '#core/config/folder-problem.ts'
import { DatabaseInUseError, DatabaseUnavailableError } from './store-errors.ts'

const SQLITE_BUSY = 5

/**
 * Exclusive use of a folder among all processes of the machine, given back when disposed.
 * An SQLite transaction holds a lock of the operating system, so it ends with the process, however that dies.
 */
export function lockFolder(folder: string): Disposable {
  let file: DatabaseSync | undefined
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    file = new DatabaseSync(join(folder, 'in-use.lock'), { timeout: 0 })
    file.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    file?.close()
    if (cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY)
      throw new DatabaseInUseError(`the folder ${folder} is in use by another process`, { cause })
    throw new DatabaseUnavailableError(folderProblem(folder, cause), { cause })
  }
  const held = file
  return { [Symbol.dispose]: () => held.close() }
}
