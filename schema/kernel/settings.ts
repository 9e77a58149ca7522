import { ConfigError } from './errors.ts'
import { LOG_LEVELS, type LogLevel } from './logger.ts'
import { nearest } from './nearest.ts'
import { parseNetwork } from './networks.ts'
import { Secret } from './secret.ts'

/** Where settings come from; `readFile` gives undefined for a file that cannot be read. */
export interface SettingsSource {
  readonly env: Readonly<Record<string, string | undefined>>
  readFile(path: string): string | undefined
}

/** Settings of this process: its environment, and files read by `read`, which throws for one that cannot be read. */
export function settingsFrom(
  env: SettingsSource['env'],
  read: (path: string, encoding: 'utf8') => string,
): SettingsSource {
  return {
    env,
    readFile(path) {
      try {
        return read(path, 'utf8')
      } catch {
        return undefined
      }
    },
  }
}

/** A value read anew at each use, because its setting may refer to a file or variable that changes. */
export interface Live<T> {
  current(): T
}

/** A socket address to listen on; port 0 lets the system choose. `setting` is what to name when it is taken. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
  readonly setting: string
}

const PREFIX = 'MARTELLO_'
/** compat: names that operators of authentik have in their environment already. */
const ALIAS_PREFIX = 'AUTHENTIK_'
const aliasOf = (name: string): string => ALIAS_PREFIX + name.slice(PREFIX.length)
const TRUE = /^(?:1|t|true|yes|on)$/i
const FALSE = /^(?:0|f|false|no|off)$/i
const REFERENCE = /^(env|file):\/\/([^?]*)(?:\?(.*))?$/is
const LISTEN = /^(?:\[([0-9a-f:.]+)\]|([^:]*)):(\d{1,5})$/i

/**
 * Reads settings by key (`postgresql.host` is `MARTELLO_POSTGRESQL__HOST`, or the same with `AUTHENTIK_`), follows
 * `env://NAME?default` and `file:///path?default`, and collects every problem: call `finish` after the last key.
 */
export class SettingsReader {
  readonly #source: SettingsSource
  readonly #problems = new Set<string>()
  readonly #known = new Set<string>()

  constructor(source: SettingsSource) {
    this.#source = source
  }

  /** The name to use in messages. */
  static nameOf(key: string): string {
    return PREFIX + key.toUpperCase().replaceAll('.', '__')
  }

  /** Whether the setting is there, whatever its value. */
  has(key: string): boolean {
    return this.#raw(key) !== undefined
  }

  optional(key: string): string | undefined {
    return this.#value(key)
  }

  /** An empty text is none: files for compose pass on variables that nobody has set. */
  text(key: string, fallback?: string): string {
    const value = this.#value(key)
    if (value !== undefined && value !== '') return value
    if (fallback === undefined && this.#found(key)?.missing === undefined)
      this.#problems.add(`${SettingsReader.nameOf(key)} is required`)
    return fallback ?? ''
  }

  /** Undefined if it is not set, or set to an empty text; what it refers to has to be there and to hold something. */
  secret(key: string): Secret | undefined {
    const raw = this.#raw(key)
    const value = this.#value(key)
    if (value === '' && REFERENCE.test(raw!.value) && !raw!.value.endsWith('?'))
      this.#problems.add(`${raw!.name} refers to a variable that is empty`)
    return value === undefined || value === '' ? undefined : new Secret(value)
  }

  boolean(key: string, fallback: boolean): boolean {
    return this.#parsed(key, fallback, 'true or false', (text) =>
      TRUE.test(text) ? true : FALSE.test(text) ? false : undefined,
    )
  }

  integer(key: string, fallback: number, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}): number {
    return this.#parsed(key, fallback, `a whole number from ${min} to ${max}`, (text) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
      return value >= min && value <= max ? value : undefined
    })
  }

  choice<const T extends string>(key: string, values: readonly T[], fallback: T): T {
    return this.#parsed(key, fallback, `one of ${values.join(', ')}`, (text) =>
      values.find((value) => value === text.toLowerCase()),
    )
  }

  logLevel(): LogLevel {
    return this.choice('log_level', LOG_LEVELS, 'info')
  }

  /** An http or https URL without credentials. compat: an empty text is none, as controllers set it for an outpost. */
  url(key: string): URL | undefined {
    if (this.#value(key) === '') return undefined
    return this.#parsed<URL | undefined>(key, undefined, 'an http or https URL', (text) => {
      const url = URL.parse(text)
      return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
        ? url
        : undefined
    })
  }

  /** Comma-separated, trimmed, without empty items. */
  list(key: string, fallback: readonly string[]): readonly string[] {
    const value = this.#value(key)
    return value === undefined
      ? fallback
      : value
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== '')
  }

  /** A list of networks or single addresses, as they were written; each that is neither is a problem of its own. */
  networks(key: string, fallback: readonly string[]): readonly string[] {
    const written = this.list(key, fallback)
    const name = this.#raw(key)?.name
    return written.filter((text) => {
      const isNetwork = parseNetwork(text) !== undefined
      if (!isNetwork) this.#problems.add(`${name}: ${text} is not a network such as 192.0.2.0/24`)
      return isNetwork
    })
  }

  /** `host:port` or `[v6]:port`; an empty host listens on every address. */
  listen(key: string, fallback: string): ListenAddress {
    const setting = SettingsReader.nameOf(key)
    const parse = (text: string): ListenAddress | undefined => {
      const match = LISTEN.exec(text)
      const port = Number(match?.[3])
      if (match === null || port > 65_535) return undefined
      return { host: match[1] ?? (match[2] === '' ? '::' : match[2]!), port, setting }
    }
    return this.#parsed(key, parse(fallback)!, 'an address such as 127.0.0.1:9000', parse)
  }

  /** A value that follows its reference again at each use; a wrong value later, or none, keeps the last good one. */
  live<T>(key: string, fallback: T, parse: (text: string) => T | undefined, what = 'a valid value'): Live<T> {
    let last = this.#parsed(key, fallback, what, parse)
    return {
      current: () => {
        const text = this.#found(key)?.value
        last = (text === undefined ? undefined : parse(text)) ?? last
        return last
      },
    }
  }

  /** Adds a problem that the reader cannot see by itself. */
  problem(text: string): void {
    this.#problems.add(text)
  }

  /**
   * Throws one ConfigError with every problem; else returns a warning for each variable with our prefix that nothing
   * has asked for, and for each with the other prefix that is near to one: an authentik beside us has many of its own.
   */
  finish(alsoKnown: Iterable<string> = []): readonly string[] {
    if (this.#problems.size > 0) throw new ConfigError([...this.#problems])
    const known = new Set([...this.#known, ...alsoKnown])
    const aliases = new Set([...known].map(aliasOf))
    return Object.keys(this.#source.env).flatMap((name) => {
      const isOurs = name.startsWith(PREFIX)
      if (known.has(name) || aliases.has(name) || !(isOurs || name.startsWith(ALIAS_PREFIX))) return []
      const meant = nearest(name, isOurs ? known : aliases)
      if (meant === undefined) return isOurs ? `${name} is not a setting` : []
      return `${name} is not a setting, did you mean ${meant}?`
    })
  }

  #raw(key: string): { name: string; value: string } | undefined {
    const name = SettingsReader.nameOf(key)
    this.#known.add(name)
    for (const candidate of [name, aliasOf(name)]) {
      const value = this.#source.env[candidate]
      if (value !== undefined) return { name: candidate, value }
    }
    return undefined
  }

  /** The text of a setting; undefined if it is not set, or, which is a problem, refers to nothing. */
  #value(key: string): string | undefined {
    const found = this.#found(key)
    if (found?.missing !== undefined) this.#problems.add(`${found.name} refers to ${found.missing}`)
    return found?.value
  }

  #found(key: string): { readonly name: string; readonly value?: string; readonly missing?: string } | undefined {
    const raw = this.#raw(key)
    return raw === undefined ? undefined : { name: raw.name, ...follow(raw.value, this.#source) }
  }

  #parsed<T>(key: string, fallback: T, what: string, parse: (text: string) => T | undefined): T {
    const text = this.#value(key)
    if (text === undefined) return fallback
    const value = parse(text)
    if (value === undefined) this.#problems.add(`${this.#raw(key)?.name} is not ${what}`)
    return value ?? fallback
  }
}

/**
 * What a setting says, or what is missing that it refers to; references are not followed twice.
 * compat: an empty variable that is referred to is an empty text, not the default.
 */
function follow(value: string, source: SettingsSource): { value: string } | { missing: string } {
  const [, scheme, target = '', fallback] = REFERENCE.exec(value) ?? []
  if (scheme === undefined) return { value }
  if (scheme.toLowerCase() === 'env') {
    const found = source.env[target] ?? fallback
    return found === undefined ? { missing: 'a variable that is not set' } : { value: found }
  }
  const content = source.readFile(target)?.trim()
  // Neither what it holds nor the default can be meant: it is about to be written, or was written wrongly.
  if (content === '') return { missing: 'a file that is empty' }
  const found = content ?? fallback
  return found === undefined ? { missing: 'a file that cannot be read' } : { value: found }
}
