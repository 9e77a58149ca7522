import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const READY_WITHIN_MS = 30_000
const STOP_WITHIN_MS = 10_000
/** A pause between two probes: at least this long, and longer than what they take, which slows down what they wait for. */
const PROBE_EVERY_MS = 10
const PAUSE_PER_PROBE = 6
const LONGEST_PAUSE_MS = 500
const KEPT_OUTPUT = 1_000_000

/** A running program of the test, ended by process id when disposed. */
export interface Engine extends AsyncDisposable {
  readonly process: ChildProcess
  /** What it has printed so far (bounded). */
  output(): string
}

/** Of Linux: files in memory. */
const MEMORY = '/dev/shm'
const MEMORY_OCTETS = 4 * 1024 ** 3

/** A new folder for a database, removed when disposed: in memory where there is room, because making one is all files. */
export function databaseFolder(name: string): { readonly path: string } & Disposable {
  return temporaryFolder(name, hasRoom() ? MEMORY : tmpdir())
}

function hasRoom(): boolean {
  if (!existsSync(MEMORY)) return false
  const { bavail, bsize } = statfsSync(MEMORY)
  return bavail * bsize > MEMORY_OCTETS
}

/** A new folder below the temporary one, removed when disposed. */
export function temporaryFolder(name: string, below = tmpdir()): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(below, `martello-${name}-`))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) }
}

/** The ids of a system user, for programs that refuse to run as root. */
export function ownerIds(user: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** A port that nothing listens on at this moment. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port!
}

/** Different ports that nothing listens on at this moment. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  for (const server of servers) server.close()
  await Promise.all(servers.map((server) => once(server, 'close')))
  return ports
}

/** Resolves when a connection to the port is accepted; `false` when it is refused. */
export function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, '127.0.0.1', () => {
    socket.destroy()
    resolve(true)
  })
  socket.on('error', () => resolve(false))
  return promise
}

/** Asks until the answer is true; an error naming `what` after the deadline, or when the signal aborts. */
export async function until(
  what: string,
  probe: () => Promise<boolean>,
  { withinMs = READY_WITHIN_MS, signal }: { withinMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const asked = performance.now()
    if (await probe().catch(() => false)) return
    if (signal?.aborted) throw new Error(`${what}: ended`)
    if (Date.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`)
    const pause = PAUSE_PER_PROBE * (performance.now() - asked)
    await wait(Math.min(Math.max(pause, PROBE_EVERY_MS), LONGEST_PAUSE_MS))
  }
}

export interface EngineOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly ready: () => Promise<boolean>
  readonly readyWithinMs?: number
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly stopSignal?: NodeJS.Signals
  readonly uid?: number
  readonly gid?: number
  /** In a process group of its own, as a terminal has it. Signals that end us are passed on: it would outlive us. */
  readonly hasOwnGroup?: boolean
  readonly cleanUp?: () => void
}

/** Starts a program and waits until it is ready; fails with its output if it ends before that. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { command, args, ready, stopSignal = 'SIGTERM', cleanUp } = options
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    detached: options.hasOwnGroup === true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid ?? options.uid }),
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => (printed = (printed + chunk).slice(-KEPT_OUTPUT)))
  const ended = new AbortController()
  const exit = once(child, 'exit').catch(() => {})
  exit.then(() => ended.abort())
  if (options.hasOwnGroup === true) passSignalsOn(child, exit)
  const engine: Engine = {
    process: child,
    output: () => printed,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(stopSignal)
        const hard = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
        await exit
        clearTimeout(hard)
      }
      cleanUp?.()
    },
  }
  try {
    await until(command, ready, { signal: ended.signal, withinMs: options.readyWithinMs ?? READY_WITHIN_MS })
    return engine
  } catch (error) {
    await engine[Symbol.asyncDispose]()
    throw new Error(`${command} did not start: ${printed.slice(-2000)}`, { cause: error })
  }
}

function passSignalsOn(child: ChildProcess, exit: Promise<unknown>): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const pass = () => {
      process.kill(-child.pid!, signal)
      process.kill(process.pid, signal)
    }
    process.once(signal, pass)
    void exit.then(() => process.off(signal, pass))
  }
}
