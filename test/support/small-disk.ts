import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { temporaryFolder } from './engines/process.ts'

const MEGABYTE = 1024 ** 2

/** Whether file systems may be mounted here, which takes root; without that the test is skipped, or fails where `CI=true`. */
export function mayMount(t: TestContext): boolean {
  if (process.getuid?.() === 0) return true
  const message = 'file systems can be mounted by root only'
  if (process.env.CI === 'true') throw new Error(message)
  t.skip(message)
  return false
}

export interface SmallDisk extends Disposable {
  readonly path: string
  /** Leaves this much room, in megabytes. */
  fill(leave: number): void
  /** Gives all room back that `fill` took. */
  empty(): void
}

/** A file system of its own, of this many megabytes, unmounted when disposed. */
export function smallDisk(megabytes: number): SmallDisk {
  const folder = temporaryFolder('disk')
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder.path])
  const ballast = join(folder.path, 'ballast')
  return {
    path: folder.path,
    fill(leave) {
      const { bavail, bsize } = statfsSync(folder.path)
      const file = openSync(ballast, 'w')
      const octets = Buffer.alloc(MEGABYTE)
      for (let left = Math.floor((bavail * bsize) / MEGABYTE) - leave; left > 0; left--) writeSync(file, octets)
      closeSync(file)
    },
    empty: () => rmSync(ballast),
    [Symbol.dispose]() {
      execFileSync('umount', ['--lazy', folder.path])
      folder[Symbol.dispose]()
    },
  }
}
