import { join } from 'node:path'
import { type DesiredProcess, desiredProcess, type LocalListen } from '#controllers/desired/local-process.ts'
import { digestOf } from '#controllers/plan/digest.ts'
import { plan } from '#controllers/plan/plan.ts'
import { keepSince } from '#controllers/target/keep-since.ts'
import type { Applied, Deployment, PlannedStep, Target } from '#controllers/target/target.ts'
import type { ConnectionState, InventoryItem, ObjectStatus } from '#schema/deployment/status.ts'
import type { Clock, Random } from '#schema/kernel/clock.ts'
import { changedPointers } from '#schema/kernel/json-pointer.ts'
import { VERSION } from '#schema/version.ts'
import { type ProcessEvents, SupervisedProcess } from './supervised-process.ts'

const ENTRY = join(import.meta.dirname, '..', '..', 'outposts', 'main.ts')
/** Of our own environment children get what any program needs, and the settings that are not about one process. */
const INHERITED = [
  ...['LOG_LEVEL', 'HOST_BROWSER', 'LISTEN__TRUSTED_PROXY_CIDRS'].flatMap((name) => [
    `MARTELLO_${name}`,
    `AUTHENTIK_${name}`,
  ]),
  ...['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NODE_COMPILE_CACHE'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'],
]

/** A process is seen by the controller that started it, and nobody else; what that one said of it is in the core. */
const ELSEWHERE =
  'it is a process of another controller: whether that one would start it anew cannot be known from here'

export interface LocalTargetOptions {
  readonly coreUrl: URL
  readonly listen: LocalListen
  readonly events: (name: string) => ProcessEvents
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly random: Random
}

type Health = Pick<ObjectStatus, 'condition' | 'reason' | 'message'>
const STARTING: Health = { condition: 'progressing', reason: 'Starting', message: '' }

interface Running {
  readonly desired: DesiredProcess
  readonly process: SupervisedProcess
  health: Health
}

/** Runs outposts as child processes of this one. */
export class LocalTarget implements Target {
  readonly #options: LocalTargetOptions
  readonly #running = new Map<string, Running>()
  #changed: (outpost: string) => void = () => {}

  constructor(options: LocalTargetOptions) {
    this.#options = options
  }

  async probe(): Promise<ConnectionState> {
    return { healthy: true, version: VERSION, reason: '' }
  }

  async items({ outpost }: Deployment): Promise<readonly InventoryItem[]> {
    return [{ apiVersion: '', kind: 'Process', name: outpost.name }]
  }

  async plan({ outpost, before }: Deployment): Promise<readonly PlannedStep[]> {
    const about = { component: 'process', kind: 'Process', name: outpost.name }
    const running = this.#running.get(outpost.pk)
    if (running === undefined && before.length > 0) return [{ ...about, action: 'skip', detail: [ELSEWHERE] }]
    const [step] = this.#steps(outpost)
    const detail = running === undefined ? [] : changedPointers(running.desired, this.#desired(outpost))
    return [{ ...about, action: step?.kind ?? 'nothing', detail, wanted: digestOf(this.#desired(outpost)) }]
  }

  async apply(deployment: Deployment): Promise<Applied> {
    const { outpost, secrets, before } = deployment
    if (this.#steps(outpost).length > 0) await this.#start(this.#desired(outpost), secrets.token)
    const status = {
      component: 'process',
      kind: 'Process',
      name: outpost.name,
      ...this.#running.get(outpost.pk)!.health,
    }
    return { objects: keepSince([status], before, this.#options.clock), inventory: await this.items(deployment) }
  }

  async remove(outpost: string): Promise<readonly InventoryItem[]> {
    await this.#end(outpost)
    return []
  }

  watch(changed: (outpost: string) => void): Disposable {
    this.#changed = changed
    return {
      [Symbol.dispose]: () => {
        this.#changed = () => {}
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((outpost) => this.#end(outpost)))
  }

  #desired(outpost: Deployment['outpost']): DesiredProcess {
    const { coreUrl, listen } = this.#options
    return desiredProcess(outpost, coreUrl, listen)
  }

  #steps(outpost: Deployment['outpost']) {
    const running = this.#running.get(outpost.pk)
    return plan([this.#desired(outpost)], running === undefined ? [] : [running.desired])
  }

  async #start(desired: DesiredProcess, token: string): Promise<void> {
    await this.#end(desired.key)
    const { events, random, env } = this.#options
    const inherited = Object.fromEntries(INHERITED.map((name) => [name, env[name]]))
    const spec = {
      name: desired.name,
      args: [ENTRY, ...desired.args],
      env: { ...inherited, ...desired.env, MARTELLO_TOKEN: token },
    }
    const process = new SupervisedProcess(spec, this.#noting(desired.key, events(desired.name)), random)
    this.#running.set(desired.key, { desired, process, health: STARTING })
    process.start()
  }

  /** What happens to the process is its status, too. */
  #noting(outpost: string, events: ProcessEvents): ProcessEvents {
    const note = (health: Health) => {
      const running = this.#running.get(outpost)
      if (running !== undefined) running.health = health
      this.#changed(outpost)
    }
    return {
      line: (name, text) => events.line(name, text),
      ready: (generated) => {
        note({ condition: 'ready', reason: 'Serving', message: '' })
        events.ready(generated)
      },
      restarting: (why, afterMs) => {
        note({ condition: 'progressing', reason: 'Restarting', message: why })
        events.restarting(why, afterMs)
      },
      failed: (detail, afterMs) => {
        note({ condition: 'failed', reason: 'CannotRun', message: detail })
        events.failed(detail, afterMs)
      },
    }
  }

  async #end(outpost: string): Promise<void> {
    const known = this.#running.get(outpost)
    this.#running.delete(outpost)
    await known?.process.stop()
  }
}
