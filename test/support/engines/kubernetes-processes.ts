import { get } from 'node:https'
import { join } from 'node:path'
import { tokenOf } from './kubernetes-files.ts'
import { accepts, type Engine, freePort, freePorts, startEngine } from './process.ts'

/** They live for a minute or two: collecting their garbage would be a third of their work. */
const env = { ...process.env, GOGC: 'off', GOMEMLIMIT: '700MiB' }

/** Starts etcd with its data in the folder. */
export async function startEtcd(folder: string): Promise<{ engine: Engine; url: string }> {
  const [clients, peers] = await freePorts(2)
  const url = `http://127.0.0.1:${clients}`
  const engine = await startEngine({
    command: 'etcd',
    args: [
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=http://127.0.0.1:${peers}`,
    ],
    env,
    ready: async () => (await fetch(`${url}/health`)).ok,
    // Nothing of it is kept.
    stopSignal: 'SIGKILL',
  })
  return { engine, url }
}

/** Where an API server is reached: loopback is not for pods. */
export interface ApiServerPlace {
  readonly address: string
  readonly port: number
}

/** Starts the API server; ready when the namespace `default` is there. */
export function startApiServer(
  programs: string,
  folder: string,
  { address, port }: ApiServerPlace,
  args: readonly string[],
): Promise<Engine> {
  const url = `https://${address}:${port}`
  return startEngine({
    command: join(programs, 'kube-apiserver'),
    args: [
      `--cert-dir=${folder}`,
      `--secure-port=${port}`,
      `--bind-address=${address}`,
      // Loopback cannot be advertised; without pods nobody looks there, and a machine without a network has none to guess.
      `--advertise-address=${address === '127.0.0.1' ? '192.0.2.1' : address}`,
      // Names of nodes are of no DNS.
      '--kubelet-preferred-address-types=InternalIP',
      '--authorization-mode=RBAC',
      '--allow-privileged=true',
      ...args,
    ],
    env,
    ready: async () => (await isOk(`${url}/readyz`)) && isOk(`${url}/api/v1/namespaces/default`),
    readyWithinMs: 60_000,
    // Asked politely, it waits for every watch to end.
    stopSignal: 'SIGKILL',
  })
}

const CONTROLLER_ARGS = {
  'kube-controller-manager': (folder: string) => [
    `--service-account-private-key-file=${join(folder, 'service-accounts.key')}`,
    `--root-ca-file=${join(folder, 'apiserver.crt')}`,
  ],
  'kube-scheduler': () => [],
}

/** Starts a program that works through the API server; ready when it accepts connections. */
export async function startController(
  name: keyof typeof CONTROLLER_ARGS,
  programs: string,
  folder: string,
  kubeconfig: string,
): Promise<Engine> {
  const port = await freePort()
  return startEngine({
    command: join(programs, name),
    args: [
      `--kubeconfig=${kubeconfig}`,
      '--leader-elect=false',
      '--port=0',
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      ...CONTROLLER_ARGS[name](folder),
    ],
    env,
    ready: () => accepts(port),
  })
}

/** Whether the address answers the administrator with 200. */
function isOk(url: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  // The certificate is made while the server starts.
  const options = { headers: { authorization: `Bearer ${tokenOf('admin')}` }, rejectUnauthorized: false, agent: false }
  get(url, options, (answer) => {
    answer.resume()
    resolve(answer.statusCode === 200)
  }).on('error', () => resolve(false))
  return promise
}
