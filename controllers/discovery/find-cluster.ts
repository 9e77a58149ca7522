import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'

/** compat: the name that the reference gives it. */
const NAME = 'Local Kubernetes Cluster'
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** A connection to the cluster that this controller runs in, if it was given a ServiceAccount's token there. */
export async function findCluster(
  env: Readonly<Record<string, string | undefined>>,
  root: string,
): Promise<object | undefined> {
  if (!env['KUBERNETES_SERVICE_HOST']) return undefined
  const files = ['token', 'ca.crt'].map((name) => access(join(root, ACCOUNT, name), constants.R_OK))
  const isGiven = await Promise.all(files).then(
    () => true,
    () => false,
  )
  return isGiven ? { name: NAME, local: true, verify_ssl: true, kubeconfig: {} } : undefined
}
