import { eq } from 'drizzle-orm'
import type { Database } from './database.ts'
import { settings } from './tables/system.ts'

/** A value of the installation itself, such as `install_id`. */
export async function readSetting(db: Database, key: string): Promise<string | undefined> {
  const [row] = await db.select().from(settings).where(eq(settings.key, key))
  return row?.value
}

/** Stores a value of the installation, in place of what it was. */
export async function writeSetting(db: Database, key: string, value: string): Promise<void> {
  await db.insert(settings).values({ key, value }).onConflictDoUpdate({ target: settings.key, set: { value } })
}
