import { readFileSync } from 'node:fs'
import { readCoreConfig } from '#core/config/read-core-config.ts'
import { ConfigError } from '#schema/kernel/errors.ts'
import { settingsFrom } from '#schema/kernel/settings.ts'

/** One line for `martello --help`. */
export const summary = 'check the settings of the core without starting anything'

const HELP = `usage: martello config check [--json]

Names every problem at once, and makes nothing.

Exit codes: 0 the settings can be used, 1 they cannot, 2 wrong use.`

/** Reads the settings as the core would, and makes nothing; returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const [options, words] = [args.filter((arg) => arg.startsWith('-')), args.filter((arg) => !arg.startsWith('-'))]
  const isHelp = options.includes('--help')
  const isKnown = options.every((option) => option === '--help' || option === '--json')
  if (!isKnown || !(words.join(' ') === 'check' || (isHelp && words.length === 0))) {
    console.error(HELP)
    return 2
  }
  if (isHelp) {
    console.log(HELP)
    return 0
  }
  const { problems, warnings } = check()
  if (options.includes('--json')) console.log(JSON.stringify({ problems, warnings }))
  else for (const line of [...problems, ...warnings.map((warning) => `warning: ${warning}`)]) console.log(line)
  return problems.length === 0 ? 0 : 1
}

function check(): { problems: readonly string[]; warnings: readonly string[] } {
  try {
    const { warnings } = readCoreConfig(settingsFrom(process.env, readFileSync), { load: () => 'not made by a check' })
    return { problems: [], warnings }
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems, warnings: [] }
    throw error
  }
}
