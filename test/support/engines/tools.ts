import { execFile } from 'node:child_process'
import type { TestContext } from 'node:test'

/** What a command answered: its exit code and everything it printed. */
export interface Answer {
  readonly code: number
  readonly text: string
}

/** Runs a command to its end (20 s at most, unless told). Never rejects for an exit code other than 0. */
export function run(
  command: string,
  args: readonly string[],
  options: { input?: string; env?: NodeJS.ProcessEnv; withinMs?: number } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      {
        timeout: options.withinMs ?? 20_000,
        encoding: 'utf8',
        env: { ...process.env, ...options.env },
        maxBuffer: 16 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code === 'string') reject(new Error(`${command}: ${error.message}`))
        else resolve({ code: error === null ? 0 : Number(error.code ?? 1), text: stdout + stderr })
      },
    )
    // A program may end without having read anything.
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input)
  })
}

/** Whether the program can be used; without it the test is skipped, or fails where `CI=true`. */
export async function hasTool(t: TestContext, command: string, debianPackage: string): Promise<boolean> {
  const found = (await run('sh', ['-c', `command -v ${command}`])).code === 0
  if (found) return true
  const message = `${command} is missing: apt-get install ${debianPackage}`
  if (process.env.CI === 'true') throw new Error(message)
  t.skip(message)
  return false
}
