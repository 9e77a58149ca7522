import { z } from 'zod'
import type { OpenTarget } from '#controllers/loop/targets.ts'
import type { CoreClient } from '#schema/client/request.ts'
import type { Clock, Random } from '#schema/kernel/clock.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { type Credentials, credentialsOf } from './credentials.ts'
import { KubernetesTarget } from './kubernetes-target.ts'

const PATH = '/outposts/service_connections/kubernetes'
const connectionShape = z.object({ local: z.boolean(), verify_ssl: z.boolean() })
const kubeconfigShape = z.object({ kubeconfig: z.unknown() })

export interface OpenKubernetesOptions {
  readonly core: CoreClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Opens Kubernetes service connections; their credentials are read from the core and stay in memory. */
export function openKubernetesTarget({ core, clock, random, log }: OpenKubernetesOptions): OpenTarget {
  return async ({ pk }) => new KubernetesTarget({ credentials: await readCredentials(core, pk), clock, random, log })
}

/** What it takes to reach the cluster of a service connection. */
export async function readCredentials(core: CoreClient, pk: string): Promise<Credentials> {
  const read = async <T>(path: string, shape: z.ZodType<T>): Promise<T> => {
    const answer = await core.request({ path: `${PATH}/${path}` })
    const parsed = shape.safeParse(answer.kind === 'ok' ? answer.body : undefined)
    if (!parsed.success) throw new CoreUnreachableError('a service connection cannot be read')
    return parsed.data
  }
  const { local, verify_ssl: verifySsl } = await read(`${pk}/`, connectionShape)
  const kubeconfig = local ? undefined : (await read(`${pk}/view_kubeconfig/`, kubeconfigShape)).kubeconfig
  return credentialsOf({ pk, local, verifySsl, kubeconfig })
}
