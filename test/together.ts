// `together.ts FILE…`: test files one after another in one process. To load the core, and to warm a database and an HTTP
// server up, takes longer than what most of them do.
import { suite } from 'node:test'
import { pathToFileURL } from 'node:url'

for (const file of process.argv.slice(2)) suite(file, async () => void (await import(pathToFileURL(file).href)))
