import { join } from 'node:path'
import { type Docker, importBaseImage } from './engines/docker.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const BASE = 'martello-base'

/** Our images, on a stand-in for the official one that they begin with. With a tag, Kubernetes need not pull them. */
export async function buildImages<K extends 'core' | 'outpost'>(
  docker: Docker,
  which: readonly K[],
): Promise<Readonly<Record<K, string>>> {
  await importBaseImage(docker, BASE)
  const images = which.map((name) => [name, `martello-${name}:of-the-tests`] as const)
  for (const [name, tag] of images) {
    const file = join(ROOT, `Dockerfile.${name}`)
    const base = ['--build-arg', `BASE_IMAGE=${BASE}`]
    await docker.docker('build', '--network', 'host', ...base, '--file', file, '--tag', tag, ROOT)
  }
  return Object.fromEntries(images) as Record<K, string>
}
