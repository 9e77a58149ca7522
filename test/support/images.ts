import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type Docker, importBaseImage } from './engines/docker.ts'
import { turnIn } from './turn.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'martello', 'images')
const BASE = 'martello-base'
/** What an image is built from, beside its Dockerfile and the stand-in. */
const SOURCES = ['package-lock.json', 'package.json', '{schema,core,outposts,controllers}/**/*.*']
const BUILT_WITHIN_MS = 600_000

type Name = 'core' | 'outpost'

/**
 * Our images, on a stand-in for the official one that they begin with: built once for these sources, and kept for other
 * engines. With a tag, Kubernetes need not pull them.
 */
export async function buildImages<K extends Name>(
  docker: Docker,
  which: readonly K[],
): Promise<Readonly<Record<K, string>>> {
  const images = which.map((name) => [name, `martello-${name}:of-the-tests`] as const)
  for (const [name, tag] of images) await loadOrBuild(docker, name, tag)
  return Object.fromEntries(images) as Record<K, string>
}

async function loadOrBuild(docker: Docker, name: Name, tag: string): Promise<void> {
  const archive = join(CACHE, `${name}-${sourcesOf(name)}.tar`)
  using _ = await turnIn(join(CACHE, name), BUILT_WITHIN_MS)
  if (existsSync(archive)) {
    await docker.docker('load', '--input', archive)
    return
  }
  await importBaseImage(docker, BASE)
  const from = ['--build-arg', `BASE_IMAGE=${BASE}`, '--file', join(ROOT, `Dockerfile.${name}`)]
  await docker.docker('build', '--network', 'host', ...from, '--tag', tag, ROOT)
  for (const old of globSync(join(CACHE, `${name}-*.tar*`))) rmSync(old)
  await docker.docker('save', '--output', `${archive}.part`, tag)
  renameSync(`${archive}.part`, archive)
}

function sourcesOf(name: Name): string {
  const hash = createHash('sha256').update(process.version)
  for (const file of [`Dockerfile.${name}`, ...SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT }))].sort())
    if (!file.endsWith('.test.ts'))
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(ROOT, file)))
        .update('\0')
  return hash.digest('hex').slice(0, 32)
}
