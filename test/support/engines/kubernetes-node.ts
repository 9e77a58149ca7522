import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { ensureKubernetesBuilt } from '../kubernetes-build.mjs'
import { importTinyImage } from '../tiny-image.ts'
import { type Docker, startDocker } from './docker.ts'
import { PAUSE_IMAGE, startKubelet } from './kubelet.ts'
import { type Kubernetes, startKubernetes } from './kubernetes.ts'
import { temporaryFolder } from './process.ts'

/** A cluster that runs pods: a control plane, and one node on a Docker Engine. */
export interface KubernetesWithNode extends AsyncDisposable {
  readonly cluster: Kubernetes
  readonly docker: Docker
  /** Of this machine, where pods reach it. */
  readonly address: string
}

const NODE = 'node-of-the-tests'
/** What is the first process of a container is ended by no signal that it does not handle. */
const PAUSE = "trap 'exit 0' TERM; sleep 2147483647 & wait"

/** Starts a whole cluster on this machine, or says why it does not let one run. */
export async function startKubernetesWithNode(): Promise<KubernetesWithNode | { readonly impossible: string }> {
  await using started = new AsyncDisposableStack()
  const network = started.use(makeNetwork())
  const runtime = started.use(runtimeWithoutOomScores())
  const docker = await startDocker([
    `--bridge=${network.bridge}`,
    `--add-runtime=without-oom-scores=${runtime.program}`,
    '--default-runtime=without-oom-scores',
  ])
  // Whether a machine lets containers run is not something that can be installed.
  if ('impossible' in docker) return docker
  started.use(docker)
  await importTinyImage(docker, PAUSE_IMAGE, { command: PAUSE })
  const { address, serviceRange, serviceAddress } = network
  const cluster = started.use(await startKubernetes({ controllers: true, address, serviceRange }))
  started.use(await serveApiService(serviceAddress, cluster.server))
  const kubelet = await startKubelet({
    program: join(await ensureKubernetesBuilt(), 'kubelet'),
    kubeconfig: cluster.kubeconfig('kubelet'),
    docker,
    node: NODE,
    address,
    async isReady() {
      const { body } = await cluster.call('admin', `/api/v1/nodes/${NODE}`)
      const isReady = body.status.conditions.some(({ type, status }: any) => type === 'Ready' && status === 'True')
      return isReady && (body.spec.taints ?? []).length === 0
    },
  })
  started.use(kubelet)
  const owned = started.move()
  return { cluster, docker, address, [Symbol.asyncDispose]: async () => owned.disposeAsync() }
}

interface Network extends Disposable {
  readonly bridge: string
  readonly address: string
  readonly serviceRange: string
  /** Of the Service `kubernetes`, the first of its range. */
  readonly serviceAddress: string
}

/** A network for pods, which no other cluster of this machine has. */
function makeNetwork(): Network {
  const taken = new Set(
    Object.values(networkInterfaces()).flatMap((all) => all!.map((each) => each.address.split('.')[1])),
  )
  const free = Array.from({ length: 100 }, (_, index) => index + 128).filter((each) => !taken.has(String(each)))
  const second = free[randomInt(free.length)]
  const bridge = `martello${second}`
  const [address, serviceAddress] = [`10.${second}.1.1`, `10.${second}.2.1`]
  const ip = (...args: string[]) => execFileSync('ip', args)
  ip('link', 'add', bridge, 'type', 'bridge')
  ip('address', 'add', `${address}/24`, 'dev', bridge)
  ip('address', 'add', `${serviceAddress}/32`, 'dev', bridge)
  ip('link', 'set', bridge, 'up')
  return {
    bridge,
    address,
    serviceAddress,
    serviceRange: `10.${second}.2.0/24`,
    [Symbol.dispose]: () => void ip('link', 'delete', bridge),
  }
}

/** A runtime for containers where a negative OOM score, which every kubelet asks for, takes a capability nobody has. */
function runtimeWithoutOomScores(): { readonly program: string } & Disposable {
  const folder = temporaryFolder('runtime')
  const program = join(folder.path, 'runc')
  writeFileSync(
    program,
    `#!/bin/sh
before=
for each in "$@"; do
  case "$before" in
  --bundle) file=$each/config.json filter='del(.process.oomScoreAdj)' ;;
  --process) file=$each filter='del(.oomScoreAdj)' ;;
  *) file= ;;
  esac
  before=$each
  [ -z "$file" ] || { jq "$filter" "$file" >"$file.new" && cat "$file.new" >"$file" && rm "$file.new"; }
done
exec runc "$@"
`,
    { mode: 0o755 },
  )
  return { program, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}

/** The one Service that pods use by its address, without the program that makes it work on every node. */
async function serveApiService(address: string, server: string): Promise<AsyncDisposable> {
  const { hostname, port } = new URL(server)
  const sockets = new Set<{ destroy(): void }>()
  const forwarder = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy()).on('close', () => sockets.delete(from))
      from.pipe(to)
    }
  }).listen(443, address)
  await once(forwarder, 'listening')
  return {
    async [Symbol.asyncDispose]() {
      forwarder.close()
      for (const socket of sockets) socket.destroy()
      await once(forwarder, 'close')
    },
  }
}
