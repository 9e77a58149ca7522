import { readFileSync } from 'node:fs'
import { readCoreConfig } from '#core/config/read-core-config.ts'
import { ConfigError } from '#schema/kernel/errors.ts'
import { settingsFrom } from '#schema/kernel/settings.ts'

export const summary = 'check the settings of the core without starting anything'

const HELP =
  'usage: martello config check [--json]\n\nExit codes: 0 the settings can be used, 1 they cannot, 2 wrong use.'

/** Reads the settings as the core would, and makes nothing. */
export async function run(args: readonly string[]): Promise<number> {
  const [command, ...options] = args
  if (command !== 'check' || options.some((option) => option !== '--json')) {
    console.log(HELP)
    return command === '--help' ? 0 : 2
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
