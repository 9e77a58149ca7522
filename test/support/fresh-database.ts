import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { migrate } from '#core/store/migrate.ts'
import { openDatabase } from '#core/store/open-database.ts'
import { settings } from '#core/store/tables/system.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { turnIn } from './turn.ts'

const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'martello', 'database')
const ROOT = join(import.meta.dirname, '..', '..')
const WITHIN_MS = 120_000
const KEPT_MS = 86_400_000

/**
 * Puts an embedded database with this version's schema, and nothing in it, into a data folder that has none. One is made
 * on each machine, as the core makes it; the others are copies: making one takes longer than many a suite.
 */
export async function freshDatabase(folder: string): Promise<void> {
  const own = join(folder, 'postgresql')
  if (existsSync(own)) return
  cpSync(await template(), own, { recursive: true })
}

async function template(): Promise<string> {
  const made = join(CACHE, versionOf())
  if (existsSync(made)) return made
  using _ = await turnIn(CACHE, WITHIN_MS)
  if (existsSync(made)) return made
  removeOld()
  const unfinished = `${made}.part`
  rmSync(unfinished, { recursive: true, force: true })
  const handle = await openDatabase({ kind: 'embedded', folder: unfinished }, silentLogger)
  await migrate(handle, silentLogger)
  // Each is an installation of its own.
  await handle.db.delete(settings).where(eq(settings.key, 'install_id'))
  await handle.close()
  renameSync(join(unfinished, 'postgresql'), made)
  rmSync(unfinished, { recursive: true })
  return made
}

/** Others may still be copied by tests of another working copy, but not for that long. */
function removeOld(): void {
  for (const old of readdirSync(CACHE, { withFileTypes: true })) {
    const path = join(CACHE, old.name)
    if (old.isDirectory() && statSync(path).mtimeMs < Date.now() - KEPT_MS) rmSync(path, { recursive: true })
  }
}

/** Another release of the library may lay it out differently, and another version of ours has another schema. */
function versionOf(): string {
  const hash = createHash('sha256').update(readFileSync(join(ROOT, 'package-lock.json')))
  const migrations = join(ROOT, 'core', 'store', 'migrations')
  for (const name of readdirSync(migrations).sort()) hash.update(name).update(readFileSync(join(migrations, name)))
  return hash.digest('hex').slice(0, 16)
}
