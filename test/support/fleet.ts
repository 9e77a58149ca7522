import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { databaseFolder, type Engine, freePorts, startEngine, until } from './engines/process.ts'
import { type Answer, run } from './engines/tools.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const COMMAND_LINE = [join(ROOT, 'controllers', 'commands', 'martello.mjs'), 'start']
const READY_WITHIN_MS = 120_000
const STOPPED_WITHIN_MS = 5_000
const LOOPBACK = '127.0.0.1'

/** Every port of a fleet, and `edge` for a reverse proxy in front of the application `forward`. */
const PORTS = [
  'core',
  'coreTls',
  'coreMetrics',
  'sample',
  'edge',
  'proxy',
  'proxyTls',
  'proxyMetrics',
  'ldap',
  'ldaps',
  'ldapMetrics',
  'radius',
  'radiusMetrics',
] as const
export type FleetPorts = Readonly<Record<(typeof PORTS)[number], number>>

export interface RunningFleet extends AsyncDisposable {
  readonly ports: FleetPorts
  /** Of `demo` and `guest`. */
  readonly password: string
  readonly adminPassword: string
  readonly radiusSecret: string
  /** A call of the API as the first administrator; fails unless it is answered with success. */
  api(method: string, path: string, body?: unknown): Promise<Response>
  /** A GET to the proxy outpost as if it were this host; redirects are not followed. */
  get(host: string, headers?: Readonly<Record<string, string>>): Promise<{ status: number; body: string }>
  /** The processes of the fleet by what they run: `core`, `proxy`, `ldap`, `radius`. */
  processes(): ReadonlyMap<string, number>
  /** Resolves once the core and its outposts answer, and are linked. */
  ready(): Promise<void>
  /** The same command with the same ports once more, beside the fleet that has them: how it ends. */
  startAgain(): Promise<Answer>
  /** Every process in the group of the fleet's first one. */
  group(): readonly number[]
  /**
   * Tells all of them what Ctrl-C in a terminal does; resolves when the first process has ended, with the exit code. Rejects
   * when that takes longer than is promised.
   */
  stop(): Promise<number | null>
  /** What the fleet has printed lately. */
  output(): string
}

const TOKEN = 'token-of-the-end-to-end-tests-0123456789'

export interface FleetOptions {
  /** Where its data is, kept when it ends; a folder of its own that goes with it, unless given. */
  readonly dataDir?: string
  readonly ports?: FleetPorts
  /** Let it generate passwords and secrets, and print them. */
  readonly generate?: boolean
  /** What its controller serves; outposts run only with `local`, which it is without this. */
  readonly kinds?: string
  /** Where everything but the sample application listens, instead of 127.0.0.1, which most of RunningFleet asks at. */
  readonly host?: string
}

/** A free port for everything in a fleet. */
export async function fleetPorts(): Promise<FleetPorts> {
  const numbers = await freePorts(PORTS.length)
  return Object.fromEntries(PORTS.map((name, index) => [name, numbers[index]])) as unknown as FleetPorts
}

/** Starts everything as `npm start` does, on free ports and with data of its own. */
export async function startFleet(options: FleetOptions = {}): Promise<RunningFleet> {
  const folder = options.dataDir === undefined ? databaseFolder('fleet') : undefined
  const dataDir = options.dataDir ?? folder!.path
  const ports = options.ports ?? (await fleetPorts())
  const secrets = { password: 'Demo-And-Guest-7!', adminPassword: 'Akadmin-Passw0rd-9!', radiusSecret: 'testing123' }
  const { host = LOOPBACK } = options
  const listening = addresses(ports, host)
  const given = options.generate === true ? listening : { ...listening, ...credentials(secrets) }
  const engine = await startEngine({
    command: process.execPath,
    args: COMMAND_LINE,
    cwd: ROOT,
    env: {
      ...process.env,
      ...given,
      MARTELLO_DATA_DIR: dataDir,
      ...(options.kinds === undefined ? {} : { MARTELLO_CONTROLLER__KINDS: options.kinds }),
    },
    ready: async () => (await fetch(`http://${host}:${ports.core}/-/health/ready/`)).ok,
    readyWithinMs: READY_WITHIN_MS,
    hasOwnGroup: true,
    cleanUp: () => folder?.[Symbol.dispose](),
  })
  const fleet = new Fleet(engine, ports, secrets)
  try {
    if (host === LOOPBACK && (options.kinds?.includes('local') ?? true)) await fleet.ready()
    return fleet
  } catch (error) {
    await fleet[Symbol.asyncDispose]()
    throw new Error(`the fleet did not become ready: ${fleet.output().slice(-3000)}`, { cause: error })
  }
}

interface Secrets {
  readonly password: string
  readonly adminPassword: string
  readonly radiusSecret: string
}

function credentials({ password, adminPassword, radiusSecret }: Secrets): Record<string, string> {
  return {
    MARTELLO_BOOTSTRAP_PASSWORD: adminPassword,
    MARTELLO_BOOTSTRAP_TOKEN: TOKEN,
    MARTELLO_BOOTSTRAP_EMAIL: 'akadmin@example.com',
    MARTELLO_SAMPLE_PASSWORD: password,
    MARTELLO_SAMPLE_RADIUS_SECRET: radiusSecret,
  }
}

function addresses(ports: FleetPorts, host = LOOPBACK): Record<string, string> {
  const at = (port: number) => `${host}:${port}`
  return {
    MARTELLO_SAMPLE_LISTEN: `${LOOPBACK}:${ports.sample}`,
    MARTELLO_SAMPLE_FORWARD_URL: `http://forward.localhost:${ports.edge}`,
    MARTELLO_LISTEN__HTTP: at(ports.core),
    MARTELLO_LISTEN__HTTPS: at(ports.coreTls),
    MARTELLO_LISTEN__METRICS: at(ports.coreMetrics),
    MARTELLO_LISTEN__LDAP: at(ports.ldap),
    MARTELLO_LISTEN__LDAPS: at(ports.ldaps),
    MARTELLO_LISTEN__RADIUS: at(ports.radius),
    MARTELLO_LOCAL__PROXY_HTTP: at(ports.proxy),
    MARTELLO_LOCAL__PROXY_HTTPS: at(ports.proxyTls),
    MARTELLO_LOCAL__PROXY_METRICS: at(ports.proxyMetrics),
    MARTELLO_LOCAL__LDAP_METRICS: at(ports.ldapMetrics),
    MARTELLO_LOCAL__RADIUS_METRICS: at(ports.radiusMetrics),
  }
}

/** What a process of the fleet runs: `core/main.ts`, or `outposts/main.ts` with a kind. */
const COMMAND = /\/(core|outposts)\/main\.ts\0(?:(proxy|ldap|radius)\0)?/

interface RunningProcess {
  readonly pid: number
  readonly parent: number
  readonly group: number
  /** Its arguments, each followed by NUL. */
  readonly command: string
}

/** The processes of this machine (proc_pid_stat(5)). */
function running(): readonly RunningProcess[] {
  const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return names.flatMap((name) => {
    try {
      const [, parent, group] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]!.split(' ')
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8')
      return [{ pid: Number(name), parent: Number(parent), group: Number(group), command }]
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}

class Fleet implements RunningFleet {
  readonly ports: FleetPorts
  readonly password: string
  readonly adminPassword: string
  readonly radiusSecret: string
  readonly #engine: Engine

  constructor(engine: Engine, ports: FleetPorts, { password, adminPassword, radiusSecret }: Secrets) {
    this.#engine = engine
    this.ports = ports
    this.password = password
    this.adminPassword = adminPassword
    this.radiusSecret = radiusSecret
  }

  async api(method: string, path: string, body?: unknown): Promise<Response> {
    const answer = await fetch(`http://${LOOPBACK}:${this.ports.core}/api/v3${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer
  }

  async get(host: string, headers: Readonly<Record<string, string>> = {}): Promise<{ status: number; body: string }> {
    const url = `http://${LOOPBACK}:${this.ports.proxy}/`
    const answer = await request(url, { headers: { ...headers, host: `${host}:${this.ports.proxy}` } })
    return { status: answer.statusCode, body: await answer.body.text() }
  }

  processes(): ReadonlyMap<string, number> {
    const found = new Map<string, number>()
    for (const { pid, parent, command } of running()) {
      const [, area, kind] = COMMAND.exec(command) ?? []
      if (parent === this.#engine.process.pid && area !== undefined) found.set(kind ?? area, pid)
    }
    return found
  }

  group(): readonly number[] {
    return running().flatMap(({ pid, group }) => (group === this.#engine.process.pid ? [pid] : []))
  }

  async ready(): Promise<void> {
    const { ports } = this
    for (const port of [ports.proxyMetrics, ports.ldapMetrics, ports.radiusMetrics])
      await until(
        `outpost with metrics on ${port}`,
        async () => {
          const ping = await fetch(`http://${LOOPBACK}:${port}/outpost.goauthentik.io/ping`)
          const metrics = await (await fetch(`http://${LOOPBACK}:${port}/metrics`)).text()
          return ping.status === 204 && /^authentik_outpost_connection\{.*\} 1$/m.test(metrics)
        },
        { withinMs: READY_WITHIN_MS },
      )
  }

  async startAgain(): Promise<Answer> {
    using folder = databaseFolder('fleet')
    const env = { ...addresses(this.ports), MARTELLO_DATA_DIR: folder.path }
    return run(process.execPath, COMMAND_LINE, { env })
  }

  async stop(): Promise<number | null> {
    const { process: child } = this.#engine
    const ended = once(child, 'exit', { signal: AbortSignal.timeout(STOPPED_WITHIN_MS) })
    process.kill(-child.pid!, 'SIGINT')
    await ended
    return child.exitCode
  }

  output(): string {
    return this.#engine.output()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]()
  }
}
