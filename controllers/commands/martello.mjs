#!/usr/bin/env node
// The `martello` command. Plain JavaScript: it may be run by an older Node, and then goes on under the project's own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const NEEDED = 26
const AREAS = ['core', 'controllers', 'outposts']

/** Every subcommand is a file `<area>/commands/<name>.ts` that exports `summary` and `run(args)`. */
function commands() {
  const found = new Map()
  for (const area of AREAS) {
    const folder = join(ROOT, area, 'commands')
    if (!existsSync(folder)) continue
    for (const file of readdirSync(folder).sort())
      if (file.endsWith('.ts') && !file.endsWith('.test.ts')) found.set(file.slice(0, -3), join(folder, file))
  }
  return found
}

async function main(args) {
  const all = commands()
  const [name = '--help', ...rest] = args.map((arg) => (arg === '-h' ? '--help' : arg))
  if (name === '--help' || name === 'help') {
    console.log('usage: martello COMMAND [options]\n')
    for (const [command, file] of all)
      console.log(`  ${command.padEnd(12)} ${(await import(pathToFileURL(file).href)).summary}`)
    console.log('\n`martello COMMAND --help` tells more. Exit codes: 0 done, 1 the answer is no, 2 wrong use.')
    return 0
  }
  const file = all.get(name)
  if (file === undefined) {
    console.error(`martello: there is no command "${name}"; martello --help lists them`)
    return 2
  }
  return (await import(pathToFileURL(file).href)).run(rest)
}

/** The same command under another Node; this process ends after it, never before, so that nobody is left behind. */
async function goOn(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  // A terminal tells the whole group of SIGINT; what is sent to this process alone is passed on.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  const [code] = await once(child, 'exit')
  return code ?? 1
}

if (Number(process.versions.node.split('.')[0]) >= NEEDED) process.exitCode = await main(process.argv.slice(2))
else {
  const node = join(ROOT, 'node_modules', '.bin', 'node')
  if (!existsSync(node)) {
    console.error(`martello needs Node ${NEEDED}; "npm ci" in ${ROOT} brings it`)
    process.exitCode = 1
  } else process.exitCode = await goOn(node)
}
