// Plain JavaScript without dependencies: it runs under whatever Node the machine has (20 or newer),
// before the project's own runtime is there.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const OLDEST_NODE = 20

/**
 * Installs the dependencies when `node_modules` is missing or older than the lockfile; a no-op of a few
 * milliseconds otherwise. Throws an Error that says what to do when npm fails.
 * @param {string} root the project's folder
 */
export function ensureInstalled(root) {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE)
    throw new Error(`Node ${OLDEST_NODE} or newer is needed to install, this is ${process.version}`)
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = join(root, 'node_modules', '.martello-installed')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  const started = Date.now()
  console.error('Installing dependencies (about 400 MB on disk, once) …')
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (npm.error) throw new Error(`npm cannot be run: ${npm.error.message}`)
  if (npm.status !== 0) throw new Error(`"npm ci" failed with exit code ${npm.status}; its messages are above`)
  writeFileSync(stamp, lock)
  console.error(`Installed in ${((Date.now() - started) / 1000).toFixed(1)} s.`)
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    ensureInstalled(join(dirname(fileURLToPath(import.meta.url)), '..', '..'))
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
