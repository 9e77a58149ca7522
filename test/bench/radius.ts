// RADIUS PAP: the outpost with a core that answers at once, FreeRADIUS `files`, and a bare datagram echo, in one run.
// What a login costs the core, its password hash above all, is not in it: the outpost keeps no decisions.
// `node test/bench/radius.ts [SECONDS]`; needs Debian's freeradius and freeradius-utils.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { startFreeradius } from '#test/support/engines/freeradius.ts'
import { type Engine, freePort, startEngine } from '#test/support/engines/process.ts'
import { SECRET } from '#test/support/radius.ts'

const seconds = process.argv[2] ?? '5'
const WARM_UP_SECONDS = '2'
const CLOCK_TICKS_PER_SECOND = 100

/** The server has one core to itself, the generator another, where there are two. */
const onCore = (core: number) => (availableParallelism() > 1 ? ['taskset', '-c', String(core)] : [])
const script = (name: string) => join(import.meta.dirname, name)

interface Served extends AsyncDisposable {
  readonly engine: Engine
  readonly port: number
}

async function ours(kind: 'martello' | 'echo'): Promise<Served> {
  const port = await freePort()
  const [command = '', ...args] = [...onCore(0), process.execPath, script('radius-server.ts'), kind, String(port)]
  const engine = await startEngine({ command, args, ready: async () => load(port, '0.2').answered > 0 })
  return { engine, port, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() }
}

async function freeradius(): Promise<Served> {
  const engine = await startFreeradius({ secret: SECRET, users: { demo: 'right' }, prefix: onCore(0) })
  return { engine, port: engine.port, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() }
}

function load(port: number, forSeconds: string): { answered: number; lost: number; seconds: number } {
  const [command = '', ...args] = [...onCore(1), process.execPath, script('radius-load.ts'), String(port), forSeconds]
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8' }))
}

/** CPU time of all threads of a process so far, in seconds (proc(5): utime and stime of `stat`). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND
}

interface Figure {
  readonly name: string
  readonly rate: number
  readonly cpuMicroseconds: number
  readonly lost: number
}

async function measure(name: string, start: () => Promise<Served>): Promise<Figure> {
  await using served = await start()
  load(served.port, WARM_UP_SECONDS)
  const pid = served.engine.process.pid!
  const before = cpuSeconds(pid)
  const { answered, lost, seconds: took } = load(served.port, seconds)
  const cpuMicroseconds = ((cpuSeconds(pid) - before) / answered) * 1e6
  return { name, rate: answered / took, cpuMicroseconds, lost }
}

const figures = [
  await measure('bare datagram echo', () => ours('echo')),
  await measure('FreeRADIUS files', freeradius),
  await measure('Martello RADIUS outpost, with a core that answers at once', () => ours('martello')),
]
const own = figures.at(-1)!
const widest = Math.max(...figures.map(({ name }) => name.length))
console.log(
  `RADIUS PAP, ${seconds} s each, ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores`,
)
for (const { name, rate, cpuMicroseconds, lost } of figures) {
  const ratio = (own.rate / rate).toFixed(2)
  const line = `${Math.round(rate)} requests/s, ${cpuMicroseconds.toFixed(1)} µs of CPU each, ${lost} lost`
  console.log(`${name.padEnd(widest)} ${line}${name === own.name ? '' : `; the outpost reaches ${ratio} × of it`}`)
}
