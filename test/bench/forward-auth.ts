// Forward auth with a valid session: the outpost, a bare `node:http` server, and nginx with a constant answer, in one
// run, one process and one core each. `node test/bench/forward-auth.ts [SECONDS]`; needs Debian's wrk and nginx.
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { startNginx } from '#test/support/engines/nginx.ts'
import { accepts, type Engine, freePort, startEngine, until } from '#test/support/engines/process.ts'

const [, , seconds = '5'] = process.argv
const WARM_UP_SECONDS = '2'
const onCore = (core: number) => (availableParallelism() > 1 ? ['taskset', '-c', String(core)] : [])

interface Served extends AsyncDisposable {
  readonly port: number
  readonly cookie: string
}

async function ours(kind: 'martello' | 'bare'): Promise<Served> {
  const port = await freePort()
  const [command = '', ...args] = [
    ...onCore(0),
    process.execPath,
    join(import.meta.dirname, 'forward-auth-server.ts'),
    kind,
    String(port),
  ]
  const engine: Engine = await startEngine({ command, args, ready: () => accepts(port) })
  await until('the cookie', async () => engine.output().includes('='))
  return {
    port,
    cookie: engine.output().trim().split('\n').at(-1) ?? '',
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
}

async function nginx(): Promise<Served> {
  const port = await freePort()
  const engine = await startNginx(port, `server { listen 127.0.0.1:${port}; location / { return 200 "ok"; } }`)
  if (availableParallelism() > 1)
    execFileSync('sh', ['-c', `for pid in $(pgrep -P ${engine.process.pid}); do taskset -p -c 0 $pid; done`], {
      stdio: 'ignore',
    })
  return { port, cookie: 'a=b', [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() }
}

function load({ port, cookie }: Served, forSeconds: string): number {
  const url = `http://127.0.0.1:${port}/outpost.goauthentik.io/auth/nginx`
  const headers = ['X-Original-URL: http://app.example/some/path?with=query', `Cookie: ${cookie}`].flatMap((header) => [
    '-H',
    header,
  ])
  const [command = '', ...args] = [...onCore(1), 'wrk', '-t1', '-c32', `-d${forSeconds}s`, ...headers, url]
  const text = execFileSync(command, args, { encoding: 'utf8' })
  if (/Non-2xx/.test(text)) throw new Error(text)
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1])
}

const servers: ReadonlyArray<[name: string, start: () => Promise<Served>]> = [
  ['nginx, constant answer', nginx],
  ['bare node:http', () => ours('bare')],
  ['Martello proxy outpost', () => ours('martello')],
]
console.log(
  `Forward auth with a session, 32 connections, ${seconds} s each, ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores`,
)
const rates: number[] = []
for (const [name, start] of servers) {
  await using served = await start()
  load(served, WARM_UP_SECONDS)
  const rate = load(served, seconds)
  const ratios = name.startsWith('Martello')
    ? servers.slice(0, -1).map(([other], index) => `${(rate / rates[index]!).toFixed(2)} × ${other}`)
    : []
  rates.push(rate)
  console.log(`${name.padEnd(24)} ${Math.round(rate)} requests/s${ratios.length > 0 ? `; ${ratios.join(', ')}` : ''}`)
}
