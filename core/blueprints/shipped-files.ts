import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, 'shipped')

/** A blueprint that comes with the core, as its file has it. */
export interface ShippedFile {
  /** Below the folder of blueprints that come with the core. */
  readonly path: string
  readonly text: string
  /** Seconds since the epoch. */
  readonly modified: number
}

/** The blueprints that come with the core. */
export function shippedFiles(): readonly ShippedFile[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((path) => {
      const file = join(FOLDER, path)
      return { path, text: readFileSync(file, 'utf8'), modified: Math.floor(statSync(file).mtimeMs / 1000) }
    })
}
