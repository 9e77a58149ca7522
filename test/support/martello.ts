import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const COMMAND = join(import.meta.dirname, '..', '..', 'controllers', 'commands', 'martello.mjs')

export interface CommandRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the `martello` command to its end, with these settings and no others. */
export function martello(args: readonly string[], settings: Readonly<Record<string, string>> = {}): CommandRun {
  const env = { PATH: process.env['PATH'] ?? '', ...settings }
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], { env, encoding: 'utf8' })
  return { code: status, stdout, stderr }
}
