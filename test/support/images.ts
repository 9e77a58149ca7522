import { join } from 'node:path'
import { type Docker, importBaseImage } from './engines/docker.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const BASE = 'martello-base'

/** Builds images of the project, as `martello-core` and `martello-outpost`, on a stand-in for the official Node image. */
export async function buildImages(docker: Docker, ...names: readonly ('core' | 'outpost')[]): Promise<void> {
  await importBaseImage(docker, BASE)
  for (const name of names)
    await docker.docker(
      'build',
      '--network',
      'host',
      '--build-arg',
      `BASE_IMAGE=${BASE}`,
      '--file',
      join(ROOT, `Dockerfile.${name}`),
      '--tag',
      `martello-${name}`,
      ROOT,
    )
}
