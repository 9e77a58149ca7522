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
const LISTEN = /^(?:\[([0-9a-f:.]+)\]|([^:]*)):(\d{1,5})$/i

/**
 * Reads settings by key (`postgresql.host` is `MARTELLO_POSTGRESQL__HOST`, or the same with `AUTHENTIK_`), follows
 * `env://NAME?default` and `file:///path?default`, and collects every problem: call `finish` after the last key.
 */
export class SettingsReader {
  readonly #source: SettingsSource
  readonly #problems: string[] = []
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

  text(key: string, fallback?: string): string {
    const value = this.#value(key) ?? fallback
    if (value === undefined || value === '') {
      if (fallback === undefined) this.#problems.push(`${SettingsReader.nameOf(key)} is required`)
      return value ?? ''
    }
    return value
  }

  secret(key: string): Secret | undefined {
    const value = this.#value(key)
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
      if (!isNetwork) this.#problems.push(`${name}: ${text} is not a network such as 192.0.2.0/24`)
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
        const text = this.#value(key)
        last = (text === undefined ? undefined : parse(text)) ?? last
        return last
      },
    }
  }

  /** Adds a problem that the reader cannot see by itself. */
  problem(text: string): void {
    this.#problems.push(text)
  }

  /**
   * Throws one ConfigError with every problem; else returns a warning for each variable with our prefix that nothing
   * has asked for, and for each with the other prefix that is near to one: an authentik beside us has many of its own.
   */
  finish(alsoKnown: Iterable<string> = []): readonly string[] {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems)
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

  #value(key: string): string | undefined {
    const raw = this.#raw(key)
    return raw === undefined ? undefined : this.#follow(raw.value)
  }

  /** compat: a set but empty variable is an empty text, not the default; references are not followed twice. */
  #follow(value: string): string | undefined {
    const reference = /^(env|file):\/\/([^?]*)(?:\?(.*))?$/is.exec(value)
    if (reference === null) return value
    const [, scheme = '', target = '', fallback] = reference
    const found = scheme.toLowerCase() === 'env' ? this.#source.env[target] : this.#source.readFile(target)?.trim()
    return found ?? fallback
  }

  #parsed<T>(key: string, fallback: T, what: string, parse: (text: string) => T | undefined): T {
    const raw = this.#raw(key)
    if (raw === undefined) return fallback
    const text = this.#follow(raw.value)
    const value = text === undefined ? undefined : parse(text)
    if (value === undefined) this.#problems.push(`${raw.name} is not ${what}`)
    return value ?? fallback
  }
}
