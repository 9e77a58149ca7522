import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openDatabase } from '#core/store/open-database.ts'
import { DatabaseInUseError } from '#core/store/store-errors.ts'
import { settings } from '#core/store/tables/system.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { storeSuite } from './store-suite.ts'

const folder = mkdtempSync(join(tmpdir(), 'martello-store-'))
const open = (name: string) => openDatabase({ kind: 'embedded', folder: join(folder, name) }, silentLogger)
after(() => rmSync(folder, { recursive: true }))

storeSuite('the embedded engine', () => open('suite'))

test('an embedded folder is open once at a time', async () => {
  const first = await open('lock')
  await assert.rejects(open('lock'), DatabaseInUseError)
  await first.close()
  await (await open('lock')).close()
})

test('an embedded query from inside a transaction, but beside it, is refused rather than waiting forever', async () => {
  const handle = await open('nested')
  const outside = handle.db.transaction(() => handle.db.select().from(settings))
  await assert.rejects(outside, (error: Error) => `${error} ${error.cause}`.includes('query the transaction'))
  await handle.close()
})
