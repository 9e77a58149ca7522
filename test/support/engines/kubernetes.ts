import { type ChildProcess, execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { ensureKubernetesBuilt } from '../kubernetes-build.mjs'
import { type RawAnswer, type RawCall, rawCall } from './kubernetes-call.ts'
import {
  type AuditEntry,
  auditSize,
  type KubernetesUser,
  kubeconfigOf,
  readAuditLog,
  tokenOf,
  writeServerFiles,
} from './kubernetes-files.ts'
import { startApiServer, startController, startEtcd } from './kubernetes-processes.ts'
import { ClusterStore } from './kubernetes-store.ts'
import { accepts, databaseFolder, freePort, startEngine, until } from './process.ts'
import { hasTool } from './tools.ts'

export interface Kubernetes extends AsyncDisposable {
  /** The API server's https address. */
  readonly server: string
  /** The certificate authority of that address (PEM). */
  readonly ca: string
  token(user: KubernetesUser): string
  kubeconfig(user?: KubernetesUser): string
  /** `kubectl …` as the administrator: what it printed; fails with its messages unless it exits with 0. */
  kubectl(...args: readonly string[]): Promise<string>
  /** Server-side apply as the administrator. */
  apply(...objects: readonly object[]): Promise<void>
  /** A request of this user as it is. */
  call(user: KubernetesUser, path: string, call?: RawCall): Promise<RawAnswer>
  /** The requests so far; one may come into it a moment after its answer. */
  auditLog(): readonly AuditEntry[]
  /** `kubectl port-forward`: the loopback port by which the port of a Service is reached, until it is disposed. */
  forward(namespace: string, service: string, port: number): Promise<Forwarded>
  /** Ends the API server at once, as in a crash; what it stored stays. */
  stopApiServer(): Promise<void>
  /** Starts it again at the same address, ending it first where it runs. */
  restartApiServer(): Promise<void>
  /** Takes away all that was not there when it had started, and what is in its audit log. */
  startOver(): Promise<void>
  /** Lets this process end while the cluster runs. */
  unref(): void
}

export interface Forwarded extends AsyncDisposable {
  readonly port: number
}

export interface KubernetesOptions {
  /** Also start the controller-manager and the scheduler. */
  readonly controllers?: boolean
  /** Of this machine: where the API server is reached, instead of loopback. */
  readonly address?: string
  readonly serviceRange?: string
}

/** Whether Kubernetes can be started, building it first; without it the test is skipped, or fails where `CI=true`. */
export async function hasKubernetes(t: TestContext): Promise<boolean> {
  if (!(await hasTool(t, 'etcd', 'etcd-server'))) return false
  try {
    await ensureKubernetesBuilt()
    return true
  } catch (error) {
    if (process.env.CI === 'true') throw error
    t.skip(error instanceof Error ? error.message : 'Kubernetes was not built')
    return false
  }
}

/** Starts a control plane of its own (etcd, API server) on free ports; ready when the namespace `default` is there. */
export async function startKubernetes(options: KubernetesOptions = {}): Promise<Kubernetes> {
  const { controllers = false, address = '127.0.0.1', serviceRange = '10.96.0.0/16' } = options
  const programs = await ensureKubernetesBuilt()
  await using started = new AsyncDisposableStack()
  const folder = started.use(databaseFolder('kubernetes')).path
  const storage = await startEtcd(folder)
  const engines = [started.use(storage.engine)]
  const port = await freePort()
  const server = `https://${address}:${port}`
  const serverArgs = [
    ...writeServerFiles(folder),
    `--etcd-servers=${storage.url}`,
    `--service-cluster-ip-range=${serviceRange}`,
  ]
  let endsWithUs = false
  const startAgain = async () => {
    const engine = await startApiServer(programs, folder, { address, port }, serverArgs)
    if (endsWithUs) unrefed(engine.process)
    return engine
  }
  let apiServer = await startAgain()
  const stopApiServer = async () => apiServer[Symbol.asyncDispose]()
  started.defer(stopApiServer)

  const ca = readFileSync(join(folder, 'apiserver.crt'), 'utf8')
  const asAdmin = { url: server, ca, token: tokenOf('admin') }
  const kubeconfig = (user: KubernetesUser = 'admin') => kubeconfigOf(server, ca, user)
  const kubeconfigFile = (user: KubernetesUser) => {
    const file = join(folder, `${user}.kubeconfig`)
    writeFileSync(file, kubeconfig(user), { mode: 0o600 })
    return file
  }
  const always = [`--kubeconfig=${kubeconfigFile('admin')}`, `--cache-dir=${join(folder, 'kubectl-cache')}`]
  const kubectl = (args: readonly string[], input?: string) =>
    printed(join(programs, 'kubectl'), [...always, ...args], input)
  await kubectl(['create', 'clusterrolebinding', 'viewer', '--clusterrole=view', '--user=viewer'])

  if (controllers) {
    for (const name of ['kube-controller-manager', 'kube-scheduler'] as const)
      engines.push(started.use(await startController(name, programs, folder, kubeconfigFile(name))))
    const isThere = () => kubectl(['get', 'serviceaccount', 'default']).then(() => true)
    await until('the default service account', isThere)
  }
  const store = new ClusterStore(storage.url)
  const groups = async () => (await rawCall(asAdmin, '/apis')).body.groups.map(({ name }: { name: string }) => name)
  const [keysBefore, groupsBefore] = [new Set(await store.keys()), new Set(await groups())]
  let auditFrom = 0
  const owned = started.move()
  return {
    server,
    ca,
    token: tokenOf,
    kubeconfig,
    kubectl: (...args) => kubectl(args),
    async apply(...objects) {
      const list = { apiVersion: 'v1', kind: 'List', items: objects }
      await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], JSON.stringify(list))
    },
    call: (user, path, call) => rawCall({ url: server, ca, token: tokenOf(user) }, path, call),
    async forward(namespace, service, remote) {
      const local = await freePort()
      const engine = await startEngine({
        command: join(programs, 'kubectl'),
        args: [...always, 'port-forward', `--namespace=${namespace}`, `service/${service}`, `${local}:${remote}`],
        ready: () => accepts(local),
      })
      return { port: local, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() }
    },
    auditLog: () => readAuditLog(folder, auditFrom),
    stopApiServer,
    async restartApiServer() {
      await stopApiServer()
      apiServer = await startAgain()
    },
    async startOver() {
      await until('what was there at first', async () => {
        const others = (await store.keys()).filter((key) => !keysBefore.has(key))
        for (const key of others) await store.remove(key)
        // Kinds of others are served for a moment longer.
        return others.length === 0 && (await groups()).every((name: string) => groupsBefore.has(name))
      })
      auditFrom = auditSize(folder)
    },
    unref() {
      endsWithUs = true
      for (const { process } of [...engines, apiServer]) unrefed(process)
    },
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  }
}

function unrefed(child: ChildProcess): void {
  child.unref()
  for (const stream of [child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref()
}

/** Runs a command to its end; what it printed, without its messages. */
function printed(command: string, args: readonly string[], input?: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const options = { timeout: 120_000, maxBuffer: 64 * 1024 * 1024 }
  const child = execFile(command, args, options, (error, stdout, stderr) => {
    if (error === null) resolve(stdout)
    else reject(new Error(`${error.message.slice(0, 2000)}\n${stdout}${stderr}`))
  })
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  return promise
}
