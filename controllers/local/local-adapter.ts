import { join } from 'node:path'
import type { DesiredProcess } from '#controllers/desired/local-process.ts'
import type { Step } from '#controllers/plan/plan.ts'
import type { Random } from '#schema/kernel/clock.ts'
import type { Secret } from '#schema/kernel/secret.ts'
import { type ProcessEvents, SupervisedProcess } from './supervised-process.ts'

const ENTRY = join(import.meta.dirname, '..', '..', 'outposts', 'main.ts')
/** Of our own environment children get what any program needs, and the settings that are not about one process. */
const INHERITED = [
  ...['LOG_LEVEL', 'HOST_BROWSER', 'LISTEN__TRUSTED_PROXY_CIDRS'].flatMap((name) => [
    `MARTELLO_${name}`,
    `AUTHENTIK_${name}`,
  ]),
  'PATH',
  'HOME',
  'LANG',
  'TZ',
  'TMPDIR',
  'NODE_EXTRA_CA_CERTS',
  'NODE_OPTIONS',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
]

export interface LocalAdapterOptions {
  readonly events: (name: string) => ProcessEvents
  readonly random: Random
  /** The API key of an outpost's service account. */
  readonly tokenOf: (outpost: string) => Promise<Secret>
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Runs outposts as child processes of this one. */
export class LocalAdapter {
  readonly #options: LocalAdapterOptions
  readonly #running = new Map<string, { readonly desired: DesiredProcess; readonly process: SupervisedProcess }>()

  constructor(options: LocalAdapterOptions) {
    this.#options = options
  }

  /** What runs now, as it was wanted. */
  actual(): readonly DesiredProcess[] {
    return [...this.#running.values()].map(({ desired }) => desired)
  }

  async apply(step: Step<DesiredProcess>): Promise<void> {
    if (step.kind === 'delete') return this.#end(step.key)
    const { desired } = step
    const token = await this.#options.tokenOf(desired.key)
    await this.#end(desired.key)
    const { events, random, env } = this.#options
    const inherited = Object.fromEntries(INHERITED.map((name) => [name, env[name]]))
    const spec = {
      name: desired.name,
      args: [ENTRY, ...desired.args],
      env: { ...inherited, ...desired.env, MARTELLO_TOKEN: token.reveal() },
    }
    const process = new SupervisedProcess(spec, events(desired.name), random)
    this.#running.set(desired.key, { desired, process })
    process.start()
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((key) => this.#end(key)))
  }

  async #end(key: string): Promise<void> {
    const known = this.#running.get(key)
    this.#running.delete(key)
    await known?.process.stop()
  }
}
