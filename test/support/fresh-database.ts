import { cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { turnIn } from './turn.ts'

const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'martello', 'database')
/** Another release of the library may lay it out differently. */
const PGLITE_VERSION: string = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'))
  .dependencies['@electric-sql/pglite']
const WITHIN_MS = 120_000

/**
 * Puts an empty embedded database into a data folder that has none. One is made on each machine, by the library itself;
 * the others are copies: making one takes longer than many a suite.
 */
export async function freshDatabase(folder: string): Promise<void> {
  const own = join(folder, 'postgresql')
  if (existsSync(own)) return
  cpSync(await template(), own, { recursive: true })
}

async function template(): Promise<string> {
  const made = join(CACHE, PGLITE_VERSION)
  if (existsSync(made)) return made
  using _ = await turnIn(CACHE, WITHIN_MS)
  if (existsSync(made)) return made
  const unfinished = `${made}.part`
  rmSync(unfinished, { recursive: true, force: true })
  const client = new PGlite(unfinished)
  await client.waitReady
  await client.close()
  renameSync(unfinished, made)
  return made
}
