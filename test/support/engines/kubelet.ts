import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Docker, unmountBelow } from './docker.ts'
import { type Engine, freePort, startEngine, temporaryFolder } from './process.ts'

/** Sleeps, and holds the addresses of a pod. */
export const PAUSE_IMAGE = 'martello-pause'

export interface KubeletOptions {
  readonly program: string
  readonly kubeconfig: string
  readonly docker: Docker
  readonly node: string
  /** Of this machine, on the network of the pods. */
  readonly address: string
  readonly isReady: () => Promise<boolean>
}

/** Set by every kubelet as it likes them. */
const KERNEL_SETTINGS = ['vm/overcommit_memory', 'kernel/panic', 'kernel/panic_on_oops']

/** Starts a kubelet that runs pods on this Docker Engine; ready when the cluster says so of its node. */
export async function startKubelet(options: KubeletOptions): Promise<Engine> {
  const folder = temporaryFolder('kubelet')
  const settings = KERNEL_SETTINGS.map((name) => ({
    path: `/proc/sys/${name}`,
    value: readFileSync(`/proc/sys/${name}`),
  }))
  return startEngine({
    command: options.program,
    args: await argumentsOf(options, folder.path),
    ready: options.isReady,
    readyWithinMs: 120_000,
    // Its pods are ended with their containers.
    stopSignal: 'SIGKILL',
    cleanUp() {
      for (const { path, value } of settings) writeFileSync(path, value)
      unmountBelow(folder.path)
      folder[Symbol.dispose]()
    },
  })
}

async function argumentsOf({ kubeconfig, docker, node, address }: KubeletOptions, folder: string) {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const config = JSON.stringify(kubeletConfig(address, await freePort()))
  return [
    `--kubeconfig=${write('kubeconfig', kubeconfig)}`,
    `--config=${write('config.json', config)}`,
    `--docker-endpoint=${docker.url}`,
    `--experimental-dockershim-root-directory=${join(folder, 'dockershim')}`,
    `--pod-infra-container-image=${PAUSE_IMAGE}`,
    '--network-plugin=',
    `--hostname-override=${node}`,
    `--node-ip=${address}`,
    `--root-dir=${join(folder, 'root')}`,
    `--cert-dir=${join(folder, 'certificates')}`,
    `--volume-plugin-dir=${join(folder, 'volume-plugins')}`,
  ]
}

const kubeletConfig = (address: string, port: number) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  address,
  port,
  readOnlyPort: 0,
  healthzPort: 0,
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  cgroupDriver: 'cgroupfs',
  // Groups of its own for pods would be those of every kubelet of the machine, and each removes what it does not know.
  cgroupsPerQOS: false,
  enforceNodeAllocatable: [],
  failSwapOn: false,
  makeIPTablesUtilChains: false,
  oomScoreAdj: 0,
  evictionHard: { 'memory.available': '50Mi' },
  // Images cannot be pulled again.
  imageGCHighThresholdPercent: 100,
  // How soon what has changed is seen.
  syncFrequency: '10s',
  nodeStatusUpdateFrequency: '5s',
})
