import { type Kubernetes, type KubernetesOptions, startKubernetes } from './kubernetes.ts'

type Shared = Pick<KubernetesOptions, 'controllers'>

const shared = new Map<boolean, Promise<Kubernetes>>()

/**
 * A control plane for the test files of this process, one after another: to start one takes longer than most of them do.
 * Disposing makes it as it was at first; it ends with the process. Who stops the API server starts it again.
 */
export async function borrowKubernetes({ controllers = false }: Shared = {}): Promise<Kubernetes> {
  const started = shared.get(controllers) ?? start(controllers)
  shared.set(controllers, started)
  const cluster = await started
  return { ...cluster, [Symbol.asyncDispose]: () => cluster.startOver() }
}

async function start(controllers: boolean): Promise<Kubernetes> {
  const cluster = await startKubernetes({ controllers })
  cluster.unref()
  process.once('beforeExit', () => void cluster[Symbol.asyncDispose]())
  return cluster
}
