// `together.ts FILE…`: test files one after another in one process. To load the core, and to warm a database and an HTTP
// server up, takes longer than what most of them do.
import { before, suite } from 'node:test'
import { pathToFileURL } from 'node:url'

// What a file says is of the suite in which it is loaded, as long as nothing else is loaded or runs meanwhile.
const loaded = Promise.withResolvers<void>()
before(() => loaded.promise)
for (const file of process.argv.slice(2)) {
  const done = Promise.withResolvers<void>()
  suite(file, async () => {
    await import(pathToFileURL(file).href).finally(done.resolve)
  })
  await done.promise
}
loaded.resolve()
