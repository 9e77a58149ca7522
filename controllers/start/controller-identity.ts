import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isUuid } from '#schema/kernel/ids.ts'

/**
 * Who the controller of a data directory is, from one start to the next: after an end without notice it goes on with its
 * service connections at once, where another would have to wait until they are free.
 */
export function controllerIdentity(dataDir: string): { readonly controller: string; readonly name: string } {
  const file = join(dataDir, 'controller-id')
  const known = read(file)
  const controller = isUuid(known) ? known : randomUUID()
  if (controller !== known) remember(file, controller)
  return { controller, name: `npm start on ${hostname()}` }
}

/** What cannot be kept is only another one the next time. */
function remember(file: string, controller: string): void {
  try {
    writeFileSync(file, controller, { mode: 0o600 })
  } catch {}
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
