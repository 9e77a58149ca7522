import { existsSync, mkdirSync, type StatsFs, statfsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { folderProblem } from '#core/config/folder-problem.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { DatabaseUnavailableError } from './store-errors.ts'

const MEGABYTE = 1024 ** 2
/** Four of the files of 16 MB that a write may need at any time: when there is no room for one, PostgreSQL's loop in PGlite never ends. */
const NEEDED_OCTETS = 64 * MEGABYTE
/** What is made at the first start comes on top. */
const NEEDED_FIRST_OCTETS = NEEDED_OCTETS + 48 * MEGABYTE
/** More than is needed to go on as before, so that it does not change with every file that comes and goes. */
const WRITES_AGAIN_OCTETS = 96 * MEGABYTE
const LOOK_EVERY_MS = 2_000

/** Whether a database may be written to with so much room, after it was or was not. */
export function mayWrite(freeOctets: number, before: boolean): boolean {
  return freeOctets >= (before ? NEEDED_OCTETS : WRITES_AGAIN_OCTETS)
}

/** The room that this user has; a file system that does not say has enough. */
const freeOctets = ({ bavail, bsize, blocks }: StatsFs): number =>
  blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize

const inMegabytes = (octets: number): string => `${Math.floor(octets / MEGABYTE)} MB`

export interface Guarded {
  readonly folder: string
  readonly log: Logger
  /** Has the database take writes, or only reads. */
  allowWrites(allowed: boolean): Promise<void>
  readonly everyMs?: number
}

/** Has a database take only reads while its disk is nearly full, and says so once at each change. Disposing ends it. */
export function guardFreeSpace({ folder, log, allowWrites, everyMs = LOOK_EVERY_MS }: Guarded): AsyncDisposable {
  let writes = true
  let looking: Promise<void> | undefined
  const look = async () => {
    const free = freeOctets(await statfs(folder))
    const may = mayWrite(free, writes)
    if (may === writes) return
    await allowWrites(may)
    writes = may
    const fields = {
      folder,
      free: inMegabytes(free),
      needed: inMegabytes(WRITES_AGAIN_OCTETS),
      setting: 'MARTELLO_DATA_DIR',
    }
    if (may) log.warning('the disk has room again: the database takes writes', fields)
    else log.warning('the disk is nearly full: the database takes only reads until there is room', fields)
  }
  const timer = setInterval(() => {
    looking ??= look()
      .catch((cause) => log.debug('the room on the disk is not known', { folder, cause }))
      .finally(() => (looking = undefined))
  }, everyMs).unref()
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await looking
    },
  }
}

/**
 * Refuses a folder, which is made if it is not there, without room for an embedded database: opened, or made, there, it
 * would never answer.
 */
export function requireRoom(folder: string): void {
  const free = roomIn(folder)
  const needed = existsSync(join(folder, 'postgresql')) ? NEEDED_OCTETS : NEEDED_FIRST_OCTETS
  if (free >= needed) return
  const room = `${inMegabytes(free)} are free, ${inMegabytes(needed)} are needed`
  throw new DatabaseUnavailableError(
    `the disk of ${folder} is full: ${room}; make room, or have MARTELLO_DATA_DIR name a folder elsewhere`,
  )
}

function roomIn(folder: string): number {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return freeOctets(statfsSync(folder))
  } catch (cause) {
    throw new DatabaseUnavailableError(folderProblem(folder, cause), { cause })
  }
}
