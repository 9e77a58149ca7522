import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Docker } from './engines/docker.ts'
import { temporaryFolder } from './engines/process.ts'

export interface TinyImage {
  /** What it runs: a shell command. */
  readonly command: string
  /** What its health check runs; none without it. */
  readonly health?: string
}

/** An image of a few shell commands, for tests of what surrounds a container. */
export async function importTinyImage({ docker }: Docker, name: string, { command, health }: TinyImage): Promise<void> {
  using folder = temporaryFolder('tiny-image')
  const root = join(folder.path, 'root')
  for (const path of ['bin', 'tmp', 'etc']) mkdirSync(join(root, path), { recursive: true })
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'))
  for (const tool of ['sh', 'sleep', 'true', 'false', 'echo', 'env']) symlinkSync('busybox', join(root, 'bin', tool))
  const tar = join(folder.path, 'image.tar')
  execFileSync('tar', ['-C', root, '-cf', tar, '.'])
  const changes = [
    'ENV PATH=/bin',
    // What follows the command is its `$0`.
    `ENTRYPOINT ${JSON.stringify(['/bin/sh', '-c', command])}`,
    ...(health === undefined
      ? []
      : [`HEALTHCHECK --interval=1s --timeout=5s --retries=2 CMD ${JSON.stringify(['/bin/sh', '-c', health])}`]),
  ]
  await docker('import', ...changes.flatMap((change) => ['--change', change]), tar, name)
}
