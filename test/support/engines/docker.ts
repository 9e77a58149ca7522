import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { type Engine, startEngine, temporaryFolder } from './process.ts'
import { type Answer, run } from './tools.ts'

export interface Docker extends AsyncDisposable {
  /** `unix://…` */
  readonly url: string
  /** `docker …` against this engine; fails with what it printed unless it exits with 0. */
  docker(...args: readonly string[]): Promise<string>
  /** Ends the engine without a warning; what it has stays. */
  kill(): Promise<void>
  /** Starts the engine again after it was killed. */
  revive(): Promise<void>
}

/** Starts a Docker Engine with data of its own, or says why this machine does not let one run. */
export async function startDocker(more: readonly string[] = []): Promise<Docker | { readonly impossible: string }> {
  const folder = temporaryFolder('docker')
  const socket = `unix://${join(folder.path, 'docker.sock')}`
  const call = (args: readonly string[]): Promise<Answer> =>
    run('docker', ['--host', socket, ...args], { env: { DOCKER_BUILDKIT: '0' }, withinMs: 300_000 })
  const start = () =>
    startEngine({
      command: 'dockerd',
      args: [...argumentsIn(folder.path, socket), ...more],
      ready: async () => (await call(['version'])).code === 0,
    })
  let engine: Engine
  try {
    engine = await start()
  } catch (error) {
    unmountBelow(folder.path)
    folder[Symbol.dispose]()
    return { impossible: error instanceof Error ? error.message : 'dockerd did not start' }
  }
  const isKilled = () => engine.process.signalCode === 'SIGKILL'
  return {
    url: socket,
    async docker(...args) {
      const { code, text } = await call(args)
      if (code !== 0) throw new Error(`docker ${args[0]}: ${text.slice(-3000)}`)
      return text.trim()
    },
    async kill() {
      const ended = once(engine.process, 'exit')
      engine.process.kill('SIGKILL')
      await ended
      // It dies of this too; where nobody reaps it, the next engine would take what is left of it for a living one.
      rmSync(join(folder.path, 'exec', 'containerd', 'containerd.pid'), { force: true })
    },
    async revive() {
      engine = await start()
    },
    async [Symbol.asyncDispose]() {
      // Containers outlive an engine that was killed.
      if (isKilled()) engine = await start()
      await removeAll(call)
      await engine[Symbol.asyncDispose]()
      unmountBelow(folder.path)
      folder[Symbol.dispose]()
    },
  }
}

const argumentsIn = (folder: string, socket: string) => [
  '--host',
  socket,
  '--data-root',
  join(folder, 'data'),
  '--exec-root',
  join(folder, 'exec'),
  '--pidfile',
  join(folder, 'pid'),
  '--iptables=false',
  '--bridge=none',
]

/** Takes away what is not only in the engine's folder: processes, and bridges of this machine. */
async function removeAll(call: (args: readonly string[]) => Promise<Answer>): Promise<void> {
  for (const [list, remove] of [
    [
      ['ps', '--quiet', '--all'],
      ['rm', '--force'],
    ],
    [
      ['network', 'ls', '--quiet', '--filter', 'type=custom'],
      ['network', 'rm'],
    ],
  ] as const) {
    const ids = (await call(list)).text.trim()
    if (ids !== '') await call([...remove, ...ids.split('\n')])
  }
}

/** Takes away what an engine leaves mounted. */
export function unmountBelow(path: string): void {
  const points = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[1] ?? [])
    .filter((point) => point.startsWith(`${path}/`))
  for (const point of points.reverse()) execFileSync('umount', ['--lazy', point])
}

/**
 * An image with Node, npm and a shell, made of this machine's own files, for where no registry can be reached.
 * It stands in for the official Node image.
 */
export async function importBaseImage({ docker }: Docker, name: string): Promise<void> {
  using folder = temporaryFolder('base-image')
  const root = folder.path
  const copy = (from: string, to = from) => {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    copyFileSync(realpathSync(from), join(root, to))
  }
  copy(process.execPath, '/usr/local/bin/node')
  chmodSync(join(root, '/usr/local/bin/node'), 0o755)
  for (const library of execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).matchAll(/(\/\S+\.so\S*)/g))
    copy(library[1]!)
  copy('/bin/busybox')
  mkdirSync(join(root, 'usr/bin'), { recursive: true })
  for (const command of ['sh', 'mkdir', 'chown', 'env'])
    symlinkSync('/bin/busybox', join(root, command === 'env' ? 'usr/bin' : 'bin', command))
  const npm = realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim())
  cpSync(join(dirname(npm), '..'), join(root, 'usr/local/lib/npm'), { recursive: true })
  writeFileSync(
    join(root, 'usr/local/bin/npm'),
    '#!/bin/sh\nexec /usr/local/bin/node /usr/local/lib/npm/bin/npm-cli.js "$@"\n',
    { mode: 0o755 },
  )
  for (const file of ['/etc/ssl/certs/ca-certificates.crt', '/etc/resolv.conf']) if (existsSync(file)) copy(file)
  mkdirSync(join(root, 'etc'), { recursive: true })
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\n')
  mkdirSync(join(root, 'tmp'), { mode: 0o1777 })
  const tar = join(root, '..', `${name}-${process.pid}.tar`)
  execFileSync('tar', ['-C', root, '-cf', tar, '.'])
  try {
    await docker(
      'import',
      '--change',
      'ENV PATH=/usr/local/bin:/usr/bin:/bin',
      '--change',
      'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt',
      tar,
      name,
    )
  } finally {
    execFileSync('rm', ['-f', tar])
  }
}
