import { type Kubernetes, startKubernetes } from './kubernetes.ts'

let shared: Promise<Kubernetes> | undefined

/**
 * A control plane with controllers for the test files of this process, one after another: to start one takes longer than
 * most of them do. Disposing makes it as it was at first; it ends with the process. Who stops the API server starts one
 * of their own.
 */
export async function borrowKubernetes(): Promise<Kubernetes> {
  shared ??= start()
  const cluster = await shared
  return { ...cluster, [Symbol.asyncDispose]: () => cluster.startOver() }
}

async function start(): Promise<Kubernetes> {
  const cluster = await startKubernetes({ controllers: true })
  cluster.unref()
  process.once('beforeExit', () => void cluster[Symbol.asyncDispose]())
  return cluster
}
