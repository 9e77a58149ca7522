/** The folder with Kubernetes' programs, building them when they are not there yet. */
export function ensureKubernetesBuilt(): Promise<string>
