import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'

const SHARED = {
  outpost: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

type Values<T extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: typeof SHARED & T }>>['values']

/**
 * The arguments of a command over outposts, which are `--outpost`, `--json`, `--help` and its own. A number is the exit
 * code, when there is nothing to do but what was printed.
 */
export function fleetArguments<const T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  own: T,
  help: string,
): { readonly values: Values<T>; readonly names: ReadonlySet<string> | undefined } | number {
  const values = wrongUse(() => parseArgs({ args: [...args], options: { ...SHARED, ...own } }).values, help)
  if (typeof values === 'number') return values
  const { outpost, help: isHelp } = values as { outpost?: string[]; help?: boolean }
  if (isHelp === true) {
    console.log(help)
    return 0
  }
  return { values: values as Values<T>, names: outpost === undefined ? undefined : new Set(outpost) }
}

/** What was parsed; exit code 2 with the problem and the help when the arguments are wrong. */
export function wrongUse<T>(parse: () => T, help: string): T | 2 {
  try {
    return parse()
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`)
    return 2
  }
}
